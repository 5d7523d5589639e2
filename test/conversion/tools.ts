import { execFile, execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";
import { readPhotographs, writeTensors } from "../../scripts/model/pictureTensors";
import { progressOn } from "../../scripts/model/progress";
import { pythonEnvironment } from "../../scripts/model/python";
import { root, samples } from "../support/paths";
import { startProcess } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";

const run = promisify(execFile);

/** The sample photographs, sorted. */
export const photographs = readdirSync(samples)
  .filter((name) => name.endsWith(".jpg"))
  .sort()
  .map((name) => path.join(samples, name));

/** Runs `npm run model` as a user does; answers its exit code, its JSON and the last line of its standard error. */
export function model(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import=tsx", path.join("scripts", "model", "main.ts"), ...args, "--json"],
    { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  const said = stderr.trim().split("\n").at(-1) ?? "";
  return { status, json: (stdout ? JSON.parse(stdout) : undefined) as unknown, said };
}

/** Runs one of the scripts in `tools/conversion`, in the virtual environment that the command line uses. */
export async function python(script: string, ...args: string[]): Promise<string> {
  const interpreter = await pythonEnvironment("tensorflow", progressOn());
  return execFileSync(interpreter, [path.join(root, "tools", "conversion", script), ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Writes pictures as the server prepares them for a package. */
export async function tensorsFor(
  packageFolder: string,
  file: string,
  files: readonly string[] = photographs,
): Promise<void> {
  const { transform } = readModelPackage(packageFolder).input;
  const read = await readPhotographs(files);
  const pictures = read.photographs.map(({ pixels }) => pixels);
  writeTensors(file, transform, pictures, pictures.length);
}

/** A server with one package, as the checks below call it. */
export interface Served {
  readonly url: string;
  readonly grpcAddress: string;
}

/** Serves a package while `use` runs. @returns what `use` does, and the most memory the server held, in MB (Linux) */
export async function serving<T>(
  packageFolder: string,
  use: (server: Served) => Promise<T>,
): Promise<{ readonly value: T; readonly memoryMb: number }> {
  const server = startProcess({
    MODEL_DIR: packageFolder,
    AUTH: "none",
    PORT: "0",
    METRICS_PORT: "0",
    GRPC_PORT: "0",
    LANES: "1",
    MAX_QUEUE_WAIT_MS: "60000",
    SCORING_TIMEOUT_MS: "60000",
  });
  try {
    const url = await server.url;
    const [, grpcAddress = ""] = /"grpcAddress":"([^"]+)"/.exec(server.output()) ?? [];
    const value = await use({ url, grpcAddress });
    const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
    const memoryMb = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    return { value, memoryMb };
  } finally {
    server.child.kill("SIGTERM");
    await server.ended;
  }
}

/** All of a model's outputs for one picture, flat, in the model's order and as the graph computes them (Open Inference Protocol). */
async function infer({ url }: Served, name: string, file: string): Promise<number[][]> {
  const response = await fetch(`${url}/v2/models/${name}/infer`, {
    method: "POST",
    headers: { "inference-header-content-length": "0" },
    body: readFileSync(file),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] };
  return outputs.map(({ data }) => data);
}

/** What a service answers for each picture, and how long it takes on average. */
export async function inferAll(
  packageFolder: string,
  name: string,
  files: readonly string[] = photographs,
) {
  const { value, memoryMb } = await serving(packageFolder, async (server) => {
    const outputs: number[][][] = [];
    const began = Date.now();
    for (const file of files) outputs.push(await infer(server, name, file));
    return { outputs, milliseconds: (Date.now() - began) / files.length };
  });
  return { ...value, memoryMb };
}

/** An environment in which an interpreter finds one more package, without what it depends on. */
async function beside(interpreter: string, requirement: string): Promise<NodeJS.ProcessEnv> {
  const target = temporaryFolder("beside");
  const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target, requirement];
  await run(interpreter, pip);
  return { ...process.env, PYTHONPATH: target };
}

/** TensorFlow Serving's own client for Python, beside the TensorFlow of the command line's environment. */
const servingApi = "tensorflow-serving-api==2.21.0";

/** What `reference_client.py` is answered: one row a sample, over gRPC and REST. */
export async function referenceClient(
  ...args: string[]
): Promise<Readonly<Record<"grpc" | "rest", number[][]>>> {
  const interpreter = await pythonEnvironment("tensorflow", progressOn());
  const script = path.join(root, "test", "conversion", "reference_client.py");
  const { stdout } = await run(interpreter, [script, ...args, ...photographs], {
    env: await beside(interpreter, servingApi),
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(stdout) as Record<"grpc" | "rest", number[][]>;
}

/** Indices of the five largest, largest first. */
export const topFive = (row: readonly number[]): number[] =>
  row
    .map((value, index) => ({ value, index }))
    .sort((a, b) => b.value - a.value)
    .slice(0, 5)
    .map(({ index }) => index);

/** The largest difference of two tables of one shape. */
export const largestDifference = (
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number => {
  let largest = 0;
  for (const [i, row] of a.entries()) {
    // What is missing or no number must not pass.
    if (row.length !== b[i]?.length) return NaN;
    for (const [k, value] of row.entries()) {
      const difference = Math.abs(value - (b[i][k] as number));
      if (Number.isNaN(difference)) return NaN;
      if (difference > largest) largest = difference;
    }
  }
  return largest;
};

/** Standard deviation over all values of a table. */
export function deviation(rows: readonly (readonly number[])[]): number {
  const values = rows.flat();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
