import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { contentHash } from "../contentHash";

/** What a model package in `scoring-image/models` says about itself, as the workspace registers it. */
export interface ModelPackage {
  readonly name: string;
  /** The package's own version joined with the first 12 digits of its content's hash: new content, new version. */
  readonly version: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Absolute path of the package's folder. */
  readonly folder: string;
  /** Files of the package, relative to the folder, sorted. */
  readonly files: readonly string[];
  /** Texts of files that are made rather than read. */
  readonly contents?: Readonly<Record<string, string>>;
  /** SHA-256 of all files' names and contents, in hexadecimal. */
  readonly hash: string;
}

/** Names of the model packages in a folder: its subfolders with a `model.json`. */
export const listModels = (modelsFolder: string): string[] =>
  readdirSync(modelsFolder, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && existsSync(path.join(modelsFolder, entry.name, "model.json")),
    )
    .map(({ name }) => name)
    .sort();

/**
 * Reads one model package.
 * @throws Error when the folder has no `model.json` or that file lacks name or version
 */
export function readModelPackage(modelsFolder: string, name: string): ModelPackage {
  const folder = path.join(modelsFolder, name);
  const file = path.join(folder, "model.json");
  const { version, description, tags, ...rest } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly name?: unknown;
    readonly version?: unknown;
    readonly description?: unknown;
    readonly tags?: Readonly<Record<string, string>>;
  };
  if (typeof rest.name !== "string" || typeof version !== "string") {
    throw new Error(`${file} must have a name and a version, both texts`);
  }
  const { hash, files } = contentHash(folder);
  return {
    name: rest.name,
    version: `${version}-${hash.slice(0, 12)}`,
    description: typeof description === "string" ? description : "",
    tags: tags ?? {},
    folder,
    files,
    hash,
  };
}
