import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import path from "node:path";
import { externalDataOf } from "./externalData";
import { ModelPackageError } from "./modelPackageError";
import type { Manifest } from "./schema";

/** Name of the graph in a package's folder. */
export const graphFile = "model.onnx";

/** What is read of a file at once, in bytes. */
const chunkBytes = 1024 * 1024;

/** @throws ModelPackageError when there is no such file */
export function readFile(file: string): Buffer {
  return reading(file, () => readFileSync(file));
}

/**
 * SHA-256 of a file of any size, in hexadecimal.
 * @throws ModelPackageError when there is no such file
 */
export function hashOf(file: string): string {
  return reading(file, () => {
    const hash = createHash("sha256");
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const descriptor = openSync(file, "r");
    try {
      for (let read = 1; read > 0;) {
        read = readSync(descriptor, chunk);
        hash.update(chunk.subarray(0, read));
      }
    } finally {
      closeSync(descriptor);
    }
    return hash.digest("hex");
  });
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read";
    throw new ModelPackageError(
      `${file} ${why}; MODEL_DIR must name a folder with model.onnx and model.json`,
      { cause },
    );
  }
}

/**
 * Path of a file that a package names, which must lie in the package's folder, also behind symbolic links.
 * @param named who names it; begins the error's sentence
 * @throws ModelPackageError when it lies elsewhere
 */
export function fileInside(folder: string, name: string, named: string): string {
  const file = path.join(folder, name);
  const isInside =
    !path.isAbsolute(name) &&
    isBelow(folder, file) &&
    (!existsSync(file) || isBelow(realpathSync(folder), realpathSync(file)));
  if (isInside) return file;
  throw new ModelPackageError(
    `${named} is ${JSON.stringify(name)}, which lies outside of the package: put the file itself into ${folder}`,
  );
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== "" && relative.split(path.sep)[0] !== ".." && !path.isAbsolute(relative);
}

/**
 * Names of the files with weights beside a package's `model.onnx`, as `model.json` lists them.
 * @throws ModelPackageError when the graph cannot be read, or names a file outside of the folder
 */
export function weightFiles(folder: string): string[] {
  const graph = path.join(folder, graphFile);
  return locationsIn(graph).map((location) => {
    const file = fileInside(folder, location, `${graph}: the location of external data`);
    return path.relative(folder, file).split(path.sep).join("/");
  });
}

function locationsIn(graph: string): string[] {
  const bytes = readFile(graph);
  try {
    return externalDataOf(bytes);
  } catch (cause) {
    throw new ModelPackageError(
      `${graph} cannot be opened: it is no ONNX file, Protobuf parsing failed`,
      { cause },
    );
  }
}

/** The line that puts a package's hashes right. */
const mend = (folder: string) => `npm run model -- hash ${folder}`;

/**
 * Compares a package's files with the hashes in its `model.json`, of which the graph and its weights must each have one.
 * @param hasGraph false when another runtime holds the model: files may then be missing, but not differ
 * @throws ModelPackageError naming the file, and what puts it right
 */
export function checkFiles(
  folder: string,
  { files, sha256 }: Pick<Manifest, "files" | "sha256">,
  hasGraph: boolean,
): void {
  if (files && sha256 !== undefined) {
    throw new ModelPackageError(
      "model.json: sha256 and files are both there; files is enough, remove sha256",
    );
  }
  const hashes = new Map(Object.entries(files ?? (sha256 ? { [graphFile]: sha256 } : {})));
  const isNeeded = (name: string) => hasGraph || existsSync(path.join(folder, name));
  const requireHash = (name: string) => {
    if (hashes.has(name)) return;
    const manifest = path.join(folder, "model.json");
    throw new ModelPackageError(
      `${manifest} has no hash of ${name}, so a damaged one would be served; add it with: ${mend(folder)}`,
    );
  };
  if (isNeeded(graphFile)) requireHash(graphFile);
  for (const [name, wanted] of hashes) {
    const file = fileInside(folder, name, "model.json: a name in files");
    if (isNeeded(name)) compare(folder, file, wanted);
  }
  // The graph is read once it is known to be whole.
  if (isNeeded(graphFile)) weightFiles(folder).forEach(requireHash);
}

function compare(folder: string, file: string, wanted: string): void {
  if (!existsSync(file)) {
    throw new ModelPackageError(
      `${file} does not exist, but model.json lists it; copy the whole package to ${folder}`,
    );
  }
  const actual = hashOf(file);
  if (actual === wanted) return;
  throw new ModelPackageError(
    `${file} has sha256 ${actual}, but model.json says ${wanted}; restore the file, or if it was changed on purpose: ${mend(folder)}`,
  );
}
