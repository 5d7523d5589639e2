import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";
import { readPhotographs, writeTensors } from "../../scripts/model/pictureTensors";
import { progressOn } from "../../scripts/model/progress";
import { pythonEnvironment } from "../../scripts/model/python";
import { root, samples } from "../support/paths";
import { startProcess } from "../support/serverProcess";

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

/** Writes the sample photographs as the server prepares them for a package. */
export async function samplesFor(packageFolder: string, file: string): Promise<void> {
  const { transform } = readModelPackage(packageFolder).input;
  const read = await readPhotographs(photographs);
  const pictures = read.photographs.map(({ pixels }) => pixels);
  writeTensors(file, transform, pictures, pictures.length);
}

/** What the server answers for each sample over HTTP, and the most memory it held, in MB (Linux). */
export async function serve(
  packageFolder: string,
): Promise<{ rows: number[][]; milliseconds: number; memoryMb: number }> {
  const { child, url, ended } = startProcess({
    MODEL_DIR: packageFolder,
    AUTH: "none",
    PORT: "0",
    METRICS_PORT: "0",
    GRPC_PORT: "0",
    INSTANCES: "1",
    MAX_QUEUE_WAIT_MS: "60000",
    ORT_DISABLE_TELEMETRY: "1",
  });
  try {
    const address = await url;
    const rows: number[][] = [];
    const began = Date.now();
    for (const file of photographs) {
      const response = await fetch(`${address}/score`, {
        method: "POST",
        body: readFileSync(file),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      rows.push((JSON.parse(text) as number[][])[0] as number[]);
    }
    const milliseconds = (Date.now() - began) / photographs.length;
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const memoryMb = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    return { rows, milliseconds, memoryMb };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

/** Softmax in double precision. */
export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const exponentials = logits.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
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
): number =>
  Math.max(
    ...a.flatMap((row, i) => row.map((value, k) => Math.abs(value - (b[i]?.[k] as number)))),
  );
