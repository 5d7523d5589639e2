import path from "node:path";
import { z } from "zod";
import { defaultPorts, deploymentVariables, variables } from "./contract";
import { executionProviders } from "./inference/providerCheck";
import { readMachineLimits, type MachineLimits } from "./machineLimits";
import type { Keys } from "./security/keys";

/** All problems of the environment at once, one line each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

interface Definition<T> {
  /** Value used when the variable is absent or empty; undefined when there is none. */
  readonly default: string | undefined;
  readonly description: string;
  readonly schema: z.ZodType<T, string | undefined>;
}

const text = z.string();

/** A whole number, written in decimal digits. */
const whole = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

const port = whole(0, 65535);
const commaSeparated = z.string().transform((value) =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean),
);
const milliseconds = whole(0, 86_400_000);

const define = <T>(
  fallback: string | undefined,
  description: string,
  schema: z.ZodType<T, string | undefined>,
): Definition<T> => ({ default: fallback, description, schema });

const key = z
  .string()
  .regex(/^[\x21-\x7e]{8,256}$/, "must be 8 to 256 printable characters without spaces")
  .optional();

const bundledModel = path.join(__dirname, "..", "models", "efficientnet-lite0");

/** Every setting: its default, what it means and what is allowed. README's table is checked against it. */
export const definitions = {
  host: define("127.0.0.1", "Address to listen on; `0.0.0.0` for all", text),
  port: define(
    String(defaultPorts.scoring),
    "Port of the scoring service; 0 takes a free one",
    port,
  ),
  metricsPort: define(
    String(defaultPorts.metrics),
    "Port of `/metrics`, on the same address; 0 takes a free one",
    port,
  ),
  grpcPort: define(
    undefined,
    "Port of gRPC, on the same address; 0 takes a free one; no gRPC unless set",
    port.optional(),
  ),
  serviceName: define(
    undefined,
    "NAME in `/api/v1/service/NAME/score`; the model's name unless set",
    z
      .string()
      .regex(
        /^[a-z]([-a-z0-9]{1,30}[a-z0-9])$/,
        "must be 3 to 32 lower-case letters, digits and hyphens, beginning with a letter",
      )
      .optional(),
  ),
  modelDir: define(
    bundledModel,
    "Folder with `model.onnx` and `model.json`; the bundled model unless set",
    text,
  ),
  versionLabels: define(
    "stable",
    "Labels of the served version in TensorFlow Serving's protocols, separated by commas",
    commaSeparated,
  ),
  auth: define(
    "key",
    "`key`, or `none` for an open service",
    z.enum(["key", "none"], "must be key or none"),
  ),
  primaryKey: define(
    undefined,
    "First key; required with `AUTH=key` unless started with `--local`",
    key,
  ),
  secondaryKey: define(undefined, "Second key, equally valid", key),
  executionProvider: define(
    "cpu",
    "Where the model runs: `cpu`, or `cuda` in the CUDA image; the server refuses to start rather than fall back",
    z.enum(executionProviders, "must be cpu or cuda"),
  ),
  instances: define(
    "0",
    "Session workers, each with a copy of the model; 0 takes cores / threads within the container's limits, 1 on `cuda`",
    whole(0, 256),
  ),
  threadsPerInstance: define("1", "Threads of each worker's ONNX Runtime session", whole(1, 256)),
  maxBatchSize: define(
    "1",
    "Largest number of pictures in one run; on a CPU larger batches gain nothing",
    whole(1, 1024),
  ),
  maxImagesPerRequest: define(
    "64",
    "Largest number of pictures, or rows of a tensor, in one request",
    whole(1, 100_000),
  ),
  maxBatchDelayMs: define(
    "0",
    "How long a picture may wait for others to fill its batch",
    milliseconds,
  ),
  maxQueueSize: define(
    "64",
    "Pictures that may wait for a worker; more are refused with 503",
    whole(0, 100_000),
  ),
  maxQueueBytes: define(
    "0",
    "Bytes of pictures that may wait for a worker; 0 takes an eighth of the memory limit",
    whole(0, 2 ** 40),
  ),
  maxQueueWaitMs: define("500", "Longest wait for a worker; then 503", milliseconds),
  scoringTimeoutMs: define(
    "60000",
    "Longest time from a request's arrival to its answer; then 504",
    whole(1, 86_400_000),
  ),
  bodyTimeoutMs: define(
    "10000",
    "Longest time for a request's body to arrive; then 408",
    whole(1, 86_400_000),
  ),
  keepAliveTimeoutMs: define("65000", "How long an idle connection is kept", milliseconds),
  maxBodyBytes: define(
    String(16 * 1024 * 1024),
    "Largest body or gRPC message in bytes; then 413 or RESOURCE_EXHAUSTED",
    whole(1, 2 ** 31 - 1),
  ),
  maxPixels: define(
    "25000000",
    "Largest picture in pixels; then 400, before anything is decoded",
    whole(1, 2 ** 29),
  ),
  corsOrigins: define(
    "",
    "Origins that browsers may call from, separated by commas; `*` for all; empty for none",
    text,
  ),
  preStopDelayMs: define(
    "0",
    "How long to go on accepting connections after SIGTERM, not ready",
    milliseconds,
  ),
  shutdownGraceMs: define(
    "20000",
    "Longest time for accepted requests to finish after SIGTERM",
    milliseconds,
  ),
  logLevel: define(
    "info",
    "`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`",
    z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
  ),
} as const;

type Values = {
  readonly [K in keyof typeof definitions]: z.output<(typeof definitions)[K]["schema"]>;
};

/** The server's settings, checked and complete. Times are in milliseconds, sizes in bytes. */
export type Settings = Readonly<Omit<Values, "auth" | "primaryKey" | "secondaryKey">> & {
  /** The keys that open the service; undefined when it is open to everybody (`AUTH=none`). */
  readonly keys: Keys | undefined;
};

/**
 * Reads all settings from the environment.
 * @param makeKey makes the first key when none is set; without it a missing key is a problem
 * @param limits what 0 in `instances` and `maxQueueBytes` is derived from
 * @throws SettingsError with one line for each problem, naming variable, value and what is allowed
 */
export function loadSettings(
  env: Readonly<Record<string, string | undefined>>,
  makeKey?: () => string,
  limits: MachineLimits = readMachineLimits(),
): Settings {
  const problems: string[] = [];
  const entries = Object.entries(definitions).map(([name, { default: fallback, schema }]) => {
    const variable = variables[name as keyof typeof variables];
    const value = env[variable] || fallback;
    const parsed = (schema as z.ZodType<unknown>).safeParse(value);
    if (!parsed.success) {
      const shown = name.endsWith("Key") ? "set" : `"${value}"`;
      problems.push(`${variable} is ${shown}: ${parsed.error.issues[0]?.message}`);
    }
    return [name, parsed.data];
  });
  const { auth, primaryKey, secondaryKey, ...settings } = Object.fromEntries(entries) as Values;
  const primary = primaryKey ?? (env[variables.primaryKey] || makeKey?.());
  problems.push(
    ...portProblems(settings),
    ...keyProblems({ auth, primaryKey, secondaryKey, hasKey: Boolean(primary) }),
  );
  problems.push(...unsupportedProblems(env));
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze({
    ...settings,
    instances: settings.instances || defaultInstances(settings, limits),
    maxQueueBytes: settings.maxQueueBytes || Math.floor(limits.memoryBytes / 8),
    keys: auth === "none" ? undefined : { primary: primary as string, secondary: secondaryKey },
  });
}

/** One session worker for every `threadsPerInstance` cores that this process may use; one session fills a GPU. */
const defaultInstances = (
  {
    threadsPerInstance,
    executionProvider,
  }: Pick<Values, "threadsPerInstance" | "executionProvider">,
  { cores }: MachineLimits,
) => (executionProvider === "cuda" ? 1 : Math.max(1, Math.floor(cores / threadsPerInstance)));

function portProblems({
  port,
  metricsPort,
  grpcPort,
}: Pick<Values, "port" | "metricsPort" | "grpcPort">): string[] {
  const same = (variable: string, value: number | undefined, other: string) =>
    `${variable} is ${value}, the same as ${other}: choose another`;
  return [
    ...(port !== 0 && port === metricsPort ? [same("METRICS_PORT", metricsPort, "PORT")] : []),
    ...(grpcPort && grpcPort === port ? [same("GRPC_PORT", grpcPort, "PORT")] : []),
    ...(grpcPort && grpcPort === metricsPort ? [same("GRPC_PORT", grpcPort, "METRICS_PORT")] : []),
  ];
}

interface KeyValues extends Pick<Values, "auth" | "primaryKey" | "secondaryKey"> {
  readonly hasKey: boolean;
}

function keyProblems({ auth, primaryKey, secondaryKey, hasKey }: KeyValues): string[] {
  if (auth === "none") {
    if (!primaryKey && !secondaryKey) return [];
    return ["AUTH is none, but a key is set: remove the keys or set AUTH=key"];
  }
  if (secondaryKey && !primaryKey) {
    return ["SECONDARY_KEY is set without PRIMARY_KEY: set both or only the latter"];
  }
  return hasKey ? [] : ["PRIMARY_KEY is not set: set it, or AUTH=none for an open service"];
}

/** A Deployment may ask for what this server cannot do: it must not start and quietly do less. */
function unsupportedProblems(env: Readonly<Record<string, string | undefined>>): string[] {
  const { runtimeAddress, tlsCertificateFile, tlsKeyFile } = deploymentVariables;
  const noTls = "this server does not speak TLS; remove it and end TLS in front of it";
  const refusals: Readonly<Record<string, string>> = {
    [runtimeAddress]: "this server uses no runtime beside it; remove it",
    [tlsCertificateFile]: noTls,
    [tlsKeyFile]: noTls,
  };
  return Object.entries(refusals)
    .filter(([variable]) => env[variable])
    .map(([variable, reason]) => `${variable} is "${env[variable]}": ${reason}`);
}
