import os from "node:os";
import path from "node:path";
import { variables } from "../src/contract";
import type { LoadGenerator } from "./load/loadGenerator";
import type { ModelName, Options } from "./options";
import type { Report } from "./report";
import type { GpuWatch } from "./server/gpuWatch";

/** Folder of the scoring image, in the repository and in a bundle alike. */
const root = path.join(__dirname, "../..");

export const files = {
  server: path.join(root, "dist/main.js"),
  loadProcess: path.join(__dirname, "loadProcess.js"),
  trivialServer: path.join(__dirname, "trivialServer.js"),
  laneProcess: path.join(__dirname, "laneProcess.js"),
  bundledModel: path.join(root, "models/efficientnet-lite0"),
  samples: path.join(root, "../samples"),
} as const;

/** What all parts share. */
export interface Context {
  readonly options: Options;
  readonly report: Report;
  /** Folders of the model packages. */
  readonly models: ReadonlyMap<ModelName | "falls-back", string>;
  /** The JPEG that is sent where the same one is sent again and again. */
  readonly picture: string;
  /** All photographs. */
  readonly pictures: readonly string[];
  readonly load: LoadGenerator;
  readonly gpu: GpuWatch;
}

/** On a CPU a short ladder, and decode threads of their own as on a GPU. */
const dryRun = { [variables.batchSizes]: "1,2,4", [variables.decodeThreads]: "2" } as const;

/** Settings of the server: its defaults, where the model runs, and what the command line adds. */
export function serverEnvironment({ options }: Context, model: string): Record<string, string> {
  const { provider, env } = options;
  return {
    [variables.executionProvider]: provider,
    [variables.modelDir]: model,
    ...(provider === "cpu" ? dryRun : {}),
    ...env,
  };
}

/** The ladder of a bare loop; a GPU's default unless this is a dry run. */
export const ladderOf = ({ options }: Context): readonly number[] | undefined => {
  const asked = options.env[variables.batchSizes];
  if (asked !== undefined) return asked.split(",").map(Number);
  return options.provider === "cpu" ? [1, 2, 4] : undefined;
};

export const cores = os.availableParallelism();
