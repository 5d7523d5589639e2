import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { modelZoo, zooAddress, type ZooModel } from "../../components/catalogue/modelZoo";
import { download, patience, type Patience } from "./download";
import { CommandFailure } from "./failure";
import { modelsFolder } from "./folders";
import { readGraph, readServable } from "./graphFile";
import { progressOn, type Progress } from "./progress";
import { readArguments, type Verb } from "./verb";
import { copyLabels, zooManifest } from "./zooPackage";

/** Where a fetch gets a model from and where it puts the package. */
export interface FetchPlan {
  /** Addresses (http or https) with `{stem}` or `{file}`, or of folders that hold the file; tried in turn. */
  readonly mirrors: readonly string[];
  readonly models: string;
  readonly progress: Progress;
  readonly patience?: Patience;
}

/** `MODEL_MIRRORS` separates its addresses by spaces. */
const mirrorsOf = (given: readonly string[] | undefined): readonly string[] => {
  const fromEnvironment = (process.env["MODEL_MIRRORS"] ?? "").split(/\s+/).filter(Boolean);
  const wanted = given ?? fromEnvironment;
  const wrong = wanted.find((mirror) => !/^https?:\/\/[^/]/.test(mirror));
  if (wrong !== undefined) {
    const source = given ? "--mirror" : "MODEL_MIRRORS";
    throw new CommandFailure(
      "usage",
      `${source} is "${wrong}": must be an address such as https://mirror.example/models or https://mirror.example/{file}`,
    );
  }
  return [...wanted, zooAddress];
};

const addressOf = (mirror: string, { file }: ZooModel) =>
  mirror.includes("{")
    ? mirror.replaceAll("{stem}", file.replace(/\.onnx$/, "")).replaceAll("{file}", file)
    : `${mirror.replace(/\/$/, "")}/${file}`;

const hasPackage = (folder: string, { sha256 }: ZooModel): boolean => {
  const manifest = path.join(folder, "model.json");
  // Its hash is enough to tell; whether the file can be read as JSON is the server's question.
  return existsSync(manifest) && readFileSync(manifest, "utf8").includes(`"${sha256}"`);
};

/**
 * Downloads a zoo model and makes its model package, which appears complete or not at all.
 * @returns the package's folder
 * @throws CommandFailure
 */
export async function fetchModel(model: ZooModel, plan: FetchPlan): Promise<string> {
  const folder = path.join(plan.models, model.name);
  if (hasPackage(folder, model)) {
    await readServable(folder);
    return folder;
  }
  if (existsSync(folder)) {
    throw new CommandFailure(
      "refused",
      `${folder} exists and is not ${model.file}; move it away first`,
    );
  }
  const partial = path.join(plan.models, `.${model.name}.partial`);
  mkdirSync(partial, { recursive: true });
  const file = path.join(partial, "model.onnx");
  const urls = plan.mirrors.map((mirror) => addressOf(mirror, model));
  plan.progress.step(`fetching ${model.file}`);
  if (!existsSync(file)) {
    await download(
      { urls, bytes: model.bytes, sha256: model.sha256 },
      file,
      plan.progress,
      plan.patience ?? patience,
    );
  }
  const manifest = zooManifest(model, await readGraph(file));
  writeFileSync(path.join(partial, "model.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  copyLabels(model, partial);
  // Also compares the hash, for a file that an earlier run left behind.
  await readServable(partial).catch((error: unknown) => {
    rmSync(partial, { recursive: true });
    throw error;
  });
  renameSync(partial, folder);
  return folder;
}

/** Makes the package of a catalogue model. */
export const fetch: Verb = {
  summary: "downloads a model of the catalogue and makes its package",
  usage: [
    "fetch NAME [--mirror URL] ... [--models FOLDER]",
    "  --mirror URL   address of the folder that holds the file, or one with {stem} or {file}; several times",
    "                 (default: MODEL_MIRRORS, separated by spaces); the zoo's own address comes last",
    "  --models       folder for the package (default: scoring-image/models)",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["NAME"], {
      mirror: { type: "string", multiple: true },
      models: { type: "string" },
    });
    const model = modelZoo.find(({ name }) => name === positionals[0]);
    if (!model) {
      const names = modelZoo.map(({ name }) => name).join(", ");
      throw new CommandFailure("usage", `the catalogue has no ${positionals[0]}, only ${names}`);
    }
    const folder = await fetchModel(model, {
      mirrors: mirrorsOf(values.mirror),
      models: path.resolve(values.models ?? modelsFolder),
      progress: progressOn(),
    });
    return {
      json: { name: model.name, folder, bytes: model.bytes, sha256: model.sha256 },
      lines: [`${folder} is ready. Serve it: MODEL_DIR=${folder} npm start`],
    };
  },
};
