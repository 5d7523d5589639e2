import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readManifest } from "../../scoring-image/src/model/modelPackage";
import {
  fileInside,
  graphFile,
  hashOf,
  weightFiles,
} from "../../scoring-image/src/model/packageFiles";
import type { Manifest } from "../../scoring-image/src/model/schema";

/** Label files, each once; labels may also stand in `model.json` itself. */
function labelFiles({ outputs, detection }: Manifest): string[] {
  const named = [...outputs, detection].map((section) => section?.labels);
  return [...new Set(named.filter((labels) => typeof labels === "string"))];
}

/**
 * Writes the SHA-256 of a package's graph, of its weights outside of the graph and of its label files into `model.json`, all of which else
 * stays; in place of `sha256`, which told of the graph alone.
 * @returns the hashes by the files' names
 * @throws ModelPackageError when the package lacks one of them, or names a file that lies elsewhere
 */
export function writeHashes(folder: string): Readonly<Record<string, string>> {
  const manifestFile = path.join(folder, "model.json");
  const names = [graphFile, ...weightFiles(folder), ...labelFiles(readManifest(manifestFile))];
  const files = Object.fromEntries(
    names.map((name) => [name, hashOf(fileInside(folder, name, "model.json: a file's name"))]),
  );
  const { sha256: _, ...rest } = JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;
  const partial = `${manifestFile}.partial`;
  writeFileSync(partial, `${JSON.stringify({ ...rest, files }, undefined, 2)}\n`);
  renameSync(partial, manifestFile);
  return files;
}
