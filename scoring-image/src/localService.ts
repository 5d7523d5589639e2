import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
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

/** The service cannot be noted; the message says what is in the way and what to do. */
export class LocalServiceError extends Error {
  override readonly name = "LocalServiceError";
}

const folder = path.dirname(localServiceFile);

/**
 * Makes the file's folder, and sees whether the file can be written when the service is ready. What
 * another service has noted stays.
 * @throws LocalServiceError
 */
export function prepareLocalService(): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) {
    throw new LocalServiceError(
      `${path.resolve(folder)} is a file, and npm start notes URL and key in a folder of that name: move the file away`,
    );
  }
  noting(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  });
  if (statSync(localServiceFile, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LocalServiceError(
      `${path.resolve(localServiceFile)} is a folder, and npm start notes URL and key in a file of that name: move the folder away`,
    );
  }
}

/**
 * Writes the file so that only its owner can read it.
 * @throws LocalServiceError
 */
export function writeLocalService(service: LocalService): void {
  noting(() => {
    rmSync(localServiceFile, { force: true });
    const content = `${JSON.stringify(service, null, 2)}\n`;
    writeFileSync(localServiceFile, content, { mode: 0o600 });
  });
}

function noting(act: () => void): void {
  try {
    act();
  } catch (cause) {
    throw new LocalServiceError(
      `${path.resolve(localServiceFile)} cannot be written, where npm start notes URL and key: ${(cause as Error).message}; ` +
        `let this user write to ${path.resolve(folder)}, or start in another folder`,
      { cause },
    );
  }
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
