import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";

/** A picture to score and where it came from. */
export interface Picture {
  /** Path, or `-` for standard input. */
  readonly file: string;
  readonly read: () => Promise<Uint8Array<ArrayBuffer>>;
}

const extensions = /\.(jpe?g|png)$/i;

/**
 * Resolves what a person named on the command line: files as they are, folders to the JPEG and PNG files in them, `-` to standard input.
 * @throws Error naming the path that does not exist or the folder without pictures
 */
export function findPictures(names: readonly string[]): Picture[] {
  return names.flatMap((name) => {
    if (name === "-") return [{ file: "-", read: readStandardInput }];
    if (!statSync(name, { throwIfNoEntry: false })) throw new Error(`${name} does not exist`);
    if (!statSync(name).isDirectory()) return [fromFile(name)];
    const files = readdirSync(name).filter((entry) => extensions.test(entry));
    if (files.length === 0) throw new Error(`${name} holds no .jpg, .jpeg or .png file`);
    return files.sort().map((entry) => fromFile(path.join(name, entry)));
  });
}

const readStandardInput = async () => Uint8Array.from(await buffer(process.stdin));

const fromFile = (file: string): Picture => ({
  file,
  read: () => Promise.resolve(Uint8Array.from(readFileSync(file))),
});
