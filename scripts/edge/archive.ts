import { createHash } from "node:crypto";
import { chmodSync, createReadStream, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { create } from "tar";

/** Name of the list of checksums, in the form of `sha256sum`. */
export const checksumFile = "SHA256SUMS";

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest("hex");
}

/** Files below a folder, relative to it, sorted. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .map((name) => name.split(path.sep).join("/"))
    .sort();

/** Writes the checksums of everything in the folder into it. */
export async function writeChecksums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of filesBelow(folder)) {
    if (name !== checksumFile) lines.push(`${await sha256(path.join(folder, name))}  ${name}\n`);
  }
  writeFileSync(path.join(folder, checksumFile), lines.join(""));
}

/**
 * Packs a folder under its own name. The same content makes the same bytes on every machine: files are sorted, and neither times,
 * owners nor other modes than these enter it.
 */
export async function pack(folder: string, archive: string): Promise<void> {
  const name = path.basename(folder);
  const files = filesBelow(folder);
  for (const file of files)
    chmodSync(path.join(folder, file), file.endsWith(".sh") ? 0o755 : 0o644);
  await create(
    {
      file: archive,
      cwd: path.dirname(folder),
      portable: true,
      noMtime: true,
      gzip: archive.endsWith("gz"),
    },
    files.map((file) => `${name}/${file}`),
  );
}
