import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** How `npm run score` finds the service of this machine and its key. */
export interface LocalService {
  /** For example `http://127.0.0.1:5001`. */
  readonly url: string;
  /** Absent when the service is open. */
  readonly primaryKey?: string | undefined;
  readonly model: string;
  /** What a classifier's classes are called: TensorFlow Serving's Predict does not tell. */
  readonly labels?: readonly string[] | undefined;
  readonly pid: number;
}

/** File, below the folder that the service was started in; ignored by git. */
export const localServiceFile = path.join(".local", "service.json");

/** Writes the file so that only its owner can read it. */
export function writeLocalService(service: LocalService): void {
  mkdirSync(path.dirname(localServiceFile), { recursive: true, mode: 0o700 });
  rmSync(localServiceFile, { force: true });
  const content = `${JSON.stringify(service, null, 2)}\n`;
  writeFileSync(localServiceFile, content, { mode: 0o600 });
}

/** The service of this machine, or undefined when none has been started or the file cannot be read. */
export function readLocalService(): LocalService | undefined {
  try {
    return JSON.parse(readFileSync(localServiceFile, "utf8")) as LocalService;
  } catch {
    return undefined;
  }
}

/** Removes the file if it still names this process: another service may have been started since. */
export function removeLocalService(): void {
  if (readLocalService()?.pid === process.pid) rmSync(localServiceFile, { force: true });
}
