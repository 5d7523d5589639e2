import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { variables } from "../../scoring-image/src/contract";
import { buildServer } from "./buildServer";
import { isRunning, stopProcess, type ServerProcess } from "./serverProcess";

/** What decides how the server runs; a change of any of it restarts the server. */
export interface ProcessInputs {
  readonly stack: string;
  /** 0 takes a free port, and keeps it as long as the stack exists. */
  readonly port: number;
  /** Folder of the model package, relative to the project. */
  readonly modelFolder: string;
  /** SHA-256 of the package's content. */
  readonly modelHash: string;
  /** SHA-256 of the server's sources. */
  readonly serverHash: string;
  readonly serviceName: string;
  readonly auth: "key" | "token" | "none";
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
  /** Whose tokens open the service, with `auth: token`. */
  readonly tokenIssuer?: string;
  readonly tokenAudience?: string;
  readonly tokenJwksUri?: string;
  /** Pictures in one run, separated by commas. */
  readonly batchSizes?: string;
  readonly maxBatchDelayMs: number;
  /** 0 takes one for each core. */
  readonly lanes: number;
  readonly decodeThreads?: number;
  readonly maxConcurrentRequestsPerReplica: number;
  readonly maxQueueWaitMs: number;
  readonly scoringTimeoutMs: number;
}

/** What is known of a server that runs. */
export interface ProcessOutputs extends ProcessInputs, ServerProcess {
  /** For example `http://127.0.0.1:5001`. */
  readonly url: string;
  /** HOST:PORT. */
  readonly grpcEndpoint: string;
  /** Where it writes its log, relative to the project. */
  readonly logFile: string;
}

const inputNames = [
  "stack",
  "port",
  "modelFolder",
  "modelHash",
  "serverHash",
  "serviceName",
  "auth",
  "primaryKey",
  "secondaryKey",
  "tokenIssuer",
  "tokenAudience",
  "tokenJwksUri",
  "batchSizes",
  "maxBatchDelayMs",
  "lanes",
  "decodeThreads",
  "maxConcurrentRequestsPerReplica",
  "maxQueueWaitMs",
  "scoringTimeoutMs",
] as const satisfies readonly (keyof ProcessInputs)[];

const readyTimeoutMs = 120_000;

/** Files of a stack's server, below the project's folder. */
const files = (stack: string) => {
  const base = path.join(".local", "stacks", stack);
  return { log: `${base}.log`, process: `${base}.json` };
};

/** Starts the server and waits until it is ready. @throws Error with the end of its log when it does not become so */
export async function create(inputs: ProcessInputs) {
  // A run of the CLI that was killed may have left a server that no state knows.
  await stopProcess(noted(inputs.stack));
  return { id: inputs.stack, outs: await start(inputs, inputs.port) };
}

/** Which inputs have changed. */
export function diff(_id: string, olds: ProcessInputs, news: ProcessInputs) {
  const replaces = olds.stack === news.stack ? [] : ["stack"];
  return {
    changes: inputNames.some((name) => olds[name] !== news[name]),
    replaces,
    deleteBeforeReplace: true,
  };
}

/** Restarts the server with its new settings, on its old port unless another is set. */
export async function update(_id: string, olds: ProcessOutputs, news: ProcessInputs) {
  await stopProcess(olds);
  const port = news.port || Number(new URL(olds.url).port);
  return { outs: await start(news, port) };
}

/** The server as it is; nothing when it has ended. */
export function read(id: string, props: ProcessOutputs) {
  return isRunning(props) ? { id, props } : {};
}

/** Stops the server, letting it finish what it has accepted, and removes its files. */
export async function remove(_id: string, props: ProcessOutputs): Promise<void> {
  await stopProcess(props);
  const { log, process: record } = files(props.stack);
  rmSync(log, { force: true });
  rmSync(record, { force: true });
  // A server that was killed could not remove what it noted for `npm run score`.
  const service = path.join(".local", "service.json");
  if (readJson<ServerProcess>(service)?.pid === props.pid) rmSync(service, { force: true });
}

async function start(inputs: ProcessInputs, port: number): Promise<ProcessOutputs> {
  const main = await buildServer();
  const { log, process: record } = files(inputs.stack);
  mkdirSync(path.dirname(log), { recursive: true, mode: 0o700 });
  const output = openSync(log, "w", 0o600);
  const instance = `--instance=${randomUUID()}`;
  const child = spawn(process.execPath, ["--disable-sigusr1", main, "--local", instance], {
    env: { ...essential(), ...environment(inputs, port) },
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const server: ServerProcess = { pid: child.pid ?? 0, instance };
  writeFileSync(record, JSON.stringify(server), { mode: 0o600 });
  child.unref();
  let ended = false;
  child.once("exit", () => (ended = true));
  child.once("error", () => (ended = true));
  for (const deadline = Date.now() + readyTimeoutMs; ;) {
    const ready = readyLine(log);
    if (ready) {
      const { url, grpcAddress } = ready;
      return { ...inputs, ...server, url, grpcEndpoint: grpcAddress, logFile: log };
    }
    if (ended || Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stopProcess(server);
  const why = ended ? "ended" : `was not ready within ${readyTimeoutMs / 1000} s`;
  const end = readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n");
  throw new Error(`The scoring service ${why}; the end of ${log}:\n${end}`);
}

/** The line that the server logs when it is ready. */
function readyLine(log: string) {
  const line = readFileSync(log, "utf8")
    .split("\n")
    .find((text) => text.includes('"msg":"ready"'));
  return line === undefined
    ? undefined
    : (JSON.parse(line) as { readonly url: string; readonly grpcAddress: string });
}

const environment = (inputs: ProcessInputs, port: number): Record<string, string> => ({
  [variables.port]: String(port),
  [variables.metricsPort]: "0",
  [variables.serviceName]: inputs.serviceName,
  [variables.modelDir]: path.resolve(inputs.modelFolder),
  [variables.auth]: inputs.auth,
  ...(inputs.primaryKey ? { [variables.primaryKey]: inputs.primaryKey } : {}),
  ...(inputs.secondaryKey ? { [variables.secondaryKey]: inputs.secondaryKey } : {}),
  ...(inputs.tokenIssuer ? { [variables.tokenIssuer]: inputs.tokenIssuer } : {}),
  ...(inputs.tokenAudience ? { [variables.tokenAudience]: inputs.tokenAudience } : {}),
  ...(inputs.tokenJwksUri ? { [variables.tokenJwksUri]: inputs.tokenJwksUri } : {}),
  ...(inputs.batchSizes ? { [variables.batchSizes]: inputs.batchSizes } : {}),
  [variables.maxBatchDelayMs]: String(inputs.maxBatchDelayMs),
  [variables.lanes]: String(inputs.lanes),
  ...(inputs.decodeThreads === undefined
    ? {}
    : { [variables.decodeThreads]: String(inputs.decodeThreads) }),
  [variables.maxQueueSize]: String(inputs.maxConcurrentRequestsPerReplica),
  [variables.maxQueueWaitMs]: String(inputs.maxQueueWaitMs),
  [variables.scoringTimeoutMs]: String(inputs.scoringTimeoutMs),
});

/** The server is told nothing that the shell of whoever ran the CLI happens to hold, such as a passphrase. */
const essential = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "SystemRoot", "TEMP", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const noted = (stack: string) => readJson<ServerProcess>(files(stack).process);

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}
