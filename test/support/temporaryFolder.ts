import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

let root: string | undefined;

/** Makes a new empty folder; all of them are removed when the test process ends. */
export function temporaryFolder(prefix: string): string {
  root ??= rootFolder();
  return mkdtempSync(path.join(root, `${prefix}-`));
}

function rootFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "accelerated-scoring-test-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
