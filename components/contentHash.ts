import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Names that never reach the image (`.dockerignore`) or the workspace, so that they must not change a hash. */
export const leftOut: ReadonlySet<string> = new Set([
  "node_modules",
  "dist",
  ".local",
  "bench",
  "client",
  "gpu",
  "soak",
  ".DS_Store",
]);

function walk(folder: string, prefix = ""): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .filter(({ name }) => !leftOut.has(name))
    .flatMap((entry) => {
      const relative = path.posix.join(prefix, entry.name);
      return entry.isDirectory() ? walk(folder, relative) : [relative];
    });
}

/**
 * SHA-256 over names and contents of all files below a folder, in hexadecimal, and the files' names in sorted order.
 * The same on every machine: neither times nor modes nor the order of the file system enter it.
 * @param wanted which files count, by their path below the folder
 */
export function contentHash(
  folder: string,
  wanted: (file: string) => boolean = () => true,
): { readonly hash: string; readonly files: string[] } {
  const files = walk(folder).filter(wanted).sort();
  const hash = createHash("sha256");
  for (const file of files) {
    const digest = createHash("sha256")
      .update(readFileSync(path.join(folder, file)))
      .digest("hex");
    hash.update(`${file}\n${digest}\n`);
  }
  return { hash: hash.digest("hex"), files };
}
