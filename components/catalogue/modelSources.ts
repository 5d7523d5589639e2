import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { contentHash } from "../contentHash";
import { listModels, readModelPackage, type ModelPackage } from "./models";

/** How a TensorFlow model becomes a package; the image's build stage `convert` reads it as JSON. Absent entries are left to the model. */
export interface ConversionRecipe {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tag: readonly string[];
  readonly input?: string;
  readonly outputs?: string;
  readonly preset?: string;
  readonly order?: string;
  readonly mean?: string;
  readonly scale?: string;
  readonly detection?: string;
  readonly precision?: string;
}

/** What the settings say about a TensorFlow model; a package says it itself. */
export type StatedModel = Omit<ConversionRecipe, "name" | "tag"> & {
  readonly tags: Readonly<Record<string, string>>;
};

/** A model to deploy: as it is registered, and as it is served. */
export interface DeployedModel {
  /** What lies in `scoring-image/models`. */
  readonly source: ModelPackage;
  /** What the image's build makes of a TensorFlow model; undefined for a package, which is served as it is. */
  readonly converted: ConvertedModel | undefined;
}

/** The entry of a converted model in the workspace: its one file is the recipe, the ONNX file itself is in the image. */
export interface ConvertedModel extends ModelPackage {
  readonly recipe: ConversionRecipe;
}

/** SavedModels (folders) and frozen graphs (`.pb` files) in a folder. */
export const listSources = (modelsFolder: string): string[] =>
  readdirSync(modelsFolder, { withFileTypes: true })
    .filter((entry) =>
      entry.isDirectory()
        ? existsSync(path.join(modelsFolder, entry.name, "saved_model.pb"))
        : entry.name.endsWith(".pb"),
    )
    .map(({ name }) => name)
    .sort();

/** The model that serves: the converted one where there is one. */
export const servedModel = ({ source, converted }: DeployedModel): ModelPackage =>
  converted ?? source;

/**
 * Reads what the setting `model` names.
 * @throws Error when it is neither a package nor a source
 */
export function readDeployedModel(
  modelsFolder: string,
  name: string,
  stated: StatedModel,
): DeployedModel {
  if (listModels(modelsFolder).includes(name)) {
    return { source: readModelPackage(modelsFolder, name), converted: undefined };
  }
  const source = readSource(modelsFolder, name, stated);
  return { source, converted: convertedModel(source, stated) };
}

function readSource(modelsFolder: string, name: string, stated: StatedModel): ModelPackage {
  const at = path.join(modelsFolder, name);
  const isFolder = statSync(at).isDirectory();
  const { hash, files } = isFolder
    ? contentHash(at)
    : contentHash(modelsFolder, (file) => file === name);
  return {
    name: packageName(name),
    version: `${stated.version}-${hash.slice(0, 12)}`,
    description: stated.description,
    tags: { ...stated.tags, framework: "TensorFlow" },
    folder: isFolder ? at : modelsFolder,
    files,
    hash,
  };
}

/** A name that a model package may have, from a folder's or a file's. */
const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\.pb$/, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[-0-9]+|-+$/g, "")
    .slice(0, 63) || "model";

function convertedModel(source: ModelPackage, stated: StatedModel): ConvertedModel {
  const { tags, version, description, ...conversion } = stated;
  const recipe: ConversionRecipe = {
    name: source.name,
    version,
    description,
    tag: Object.entries(tags).map(([key, value]) => `${key}=${value}`),
    ...conversion,
  };
  // The source's hash is in it: another source makes another version of the converted model too.
  const content = JSON.stringify({ source: `${source.name}:${source.version}`, recipe }, null, 2);
  const hash = createHash("sha256").update(content).digest("hex");
  return {
    // The reference calls it NAME.VERSION.accelonnx; ARM's names have no dots.
    name: `${source.name}-${version}-accelonnx`,
    version: `1-${hash.slice(0, 12)}`,
    description,
    tags: {
      ...tags,
      accelonnx: `${source.name}.${version}.accelonnx`,
      source: `${source.name}:${source.version}`,
    },
    folder: source.folder,
    files: ["conversion.json"],
    contents: { "conversion.json": content },
    hash,
    recipe,
  };
}
