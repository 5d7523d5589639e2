import { parseArgs } from "node:util";

/** What can be run by itself, in the order in which it is run. */
export const partNames = [
  "floor",
  "equality",
  "clients",
  "open",
  "changing",
  "rough",
  "cores4",
  "refusal",
  "memory",
] as const;
export type PartName = (typeof partNames)[number];

/** Models that are made, or lie in the repository. */
export const modelNames = ["resnet50-float16", "resnet50-float32", "efficientnet-lite0"] as const;
export type ModelName = (typeof modelNames)[number];

export const usage = `npm run verify:gpu -- [options]
  --only LIST       parts: ${partNames.join(", ")} (default: all)
  --models LIST     ${modelNames.join(", ")} (default: all);
                    open, changing, rough, cores4 and memory take the first
  --provider NAME   cuda, or cpu for a dry run with small networks (default: cuda)
  --clients LIST    numbers of clients (default: 1,2,4,8,16,32,64,128,256)
  --seconds N       length of each step (default: 2)
  --minutes N       parts that have not begun by then are not run (default: 4)
  --picture FILE    the JPEG that is sent (default: samples/cat.jpg)
  --path PATH       path and query that it is sent to (default: /score)
  --env NAME=VALUE  a setting of the server beside the defaults; may be repeated
  --json FILE       also write the figures to a file`;

export interface Options {
  readonly only: readonly PartName[];
  readonly models: readonly ModelName[];
  readonly provider: "cpu" | "cuda";
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly minutes: number;
  readonly picture: string | undefined;
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly json: string | undefined;
}

/**
 * Reads the command line.
 * @returns undefined when help is asked for
 * @throws Error naming what is wrong
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const one = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { ...one, default: partNames.join() },
      models: { ...one, default: modelNames.join() },
      provider: { ...one, default: "cuda" },
      clients: { ...one, default: "1,2,4,8,16,32,64,128,256" },
      seconds: { ...one, default: "2" },
      minutes: { ...one, default: "4" },
      picture: one,
      path: { ...one, default: "/score" },
      env: { ...one, multiple: true, default: [] },
      json: one,
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    only: listOf("--only", values.only, partNames),
    models: listOf("--models", values.models, modelNames),
    provider: listOf("--provider", values.provider, ["cpu", "cuda"] as const)[0] as "cpu" | "cuda",
    clients: values.clients.split(",").map((text) => positive("--clients", text)),
    seconds: positive("--seconds", values.seconds),
    minutes: positive("--minutes", values.minutes),
    picture: values.picture,
    path: values.path,
    env: Object.fromEntries(values.env.map(assignment)),
    json: values.json,
  };
}

function listOf<T extends string>(option: string, text: string, allowed: readonly T[]): T[] {
  return text.split(",").map((name) => {
    const found = allowed.find((one) => one === name);
    if (found === undefined)
      throw new Error(`${option}: "${name}" is none of ${allowed.join(", ")}`);
    return found;
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${option}: "${text}" is no number above 0`);
}

function assignment(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`--env: "${text}" is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}
