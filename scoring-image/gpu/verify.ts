/**
 * `npm run verify:gpu`: what the service does on the GPU of this machine. docs/gpu.md says what
 * each part measures.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { killChildren } from "./children";
import { cores, files, type Context } from "./context";
import { LoadGenerator } from "./load/loadGenerator";
import { writeFallingBack, writeResNet } from "./models/packages";
import { readOptions, usage, type ModelName, type Options, type PartName } from "./options";
import { checkAnswersUnderLoad } from "./parts/answers";
import { closedStep, measureClients, startServer } from "./parts/clients";
import { measureLane } from "./parts/lane";
import { measureOwnCost } from "./parts/ownCost";
import { checkMemory, checkRefusals } from "./parts/refusals";
import { measureRough } from "./parts/rough";
import { measureChanging, measureFourCores, measureOpen } from "./parts/streams";
import { Report } from "./report";
import { GpuWatch } from "./server/gpuWatch";

/**
 * Channels of the first convolution: ResNet-50's, and of the network that a dry run has time for.
 */
const widths = { cuda: 64, cpu: 8 } as const;

function machine(): Record<string, string> {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  const { stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8" });
  return {
    date: new Date().toISOString(),
    gpu: stdout?.trim() || "none",
    cpu: `${cores} cores, ${os.cpus()[0]?.model ?? "unknown"}`,
    node: process.version,
    libraries: process.env["LD_LIBRARY_PATH"] || "none beside the system's",
  };
}

function writeModels(folder: string, { models, provider }: Options): Context["models"] {
  const folders = new Map<ModelName | "falls-back", string>();
  for (const name of models) {
    if (name === "efficientnet-lite0") folders.set(name, files.bundledModel);
    else {
      const precision = name === "resnet50-float16" ? "float16" : "float32";
      folders.set(name, writeResNet(folder, precision, widths[provider]));
    }
  }
  return folders.set("falls-back", writeFallingBack(folder));
}

/** One server for all parts that load it. */
async function loadServer(context: Context, name: ModelName): Promise<void> {
  const { options, report } = context;
  const isFirst = name === options.models[0];
  const has = (part: PartName) => options.only.includes(part);
  const hasOwn = isFirst && (has("open") || has("changing") || has("rough"));
  if (!has("clients") && !has("equality") && !hasOwn) return;
  report.heading(`service, ${name}`);
  const server = await startServer(context, name);
  try {
    let best = has("clients") ? await measureClients(context, name, server) : undefined;
    if (has("equality")) await checkAnswersUnderLoad(context, name, server);
    if (!isFirst) return;
    if (has("open")) {
      const most = Math.max(...options.clients);
      best ??= (await closedStep(context, server, most)).imagesPerSecond;
      await measureOpen(context, name, server, best);
    }
    if (has("changing")) await measureChanging(context, name, server);
    if (has("rough")) await measureRough(context, name, server);
  } finally {
    const code = await server.stop();
    report.check(`the server of ${name} stops when it is asked to`, code === 0, `exit ${code}`);
  }
}

/** Everything that is to be run, in order; what is dearest to know comes first. */
function tasksOf(context: Context): (readonly [name: string, run: () => Promise<void>])[] {
  const { only, models } = context.options;
  const has = (...parts: PartName[]) => parts.some((part) => only.includes(part));
  const first = models[0] as ModelName;
  const isLoaded = has("clients", "open", "changing", "rough", "cores4", "equality");
  return [
    ...(isLoaded ? [["load generator", () => measureOwnCost(context)] as const] : []),
    ...models.flatMap((name) => [
      ...(has("floor", "equality")
        ? [[`lane ${name}`, () => measureLane(context, name)] as const]
        : []),
      [`service ${name}`, () => loadServer(context, name)] as const,
    ]),
    ...(has("cores4") ? [["cores4", () => measureFourCores(context, first)] as const] : []),
    ...(has("refusal") ? [["refusal", () => checkRefusals(context)] as const] : []),
    ...(has("memory") ? [["memory", () => checkMemory(context)] as const] : []),
  ];
}

async function verify(options: Options): Promise<boolean> {
  const report = new Report(options.json, { ...machine(), options: JSON.stringify(options) });
  const folder = mkdtempSync(path.join(os.tmpdir(), "verify-gpu-"));
  const samples = readdirSync(files.samples).filter((name) => name.endsWith(".jpg"));
  const pictures = samples.map((name) => path.join(files.samples, name));
  const picture = options.picture ?? path.join(files.samples, "cat.jpg");
  const load = new LoadGenerator(files.loadProcess);
  const gpu = new GpuWatch();
  const models = writeModels(folder, options);
  report.say(`models are written (at ${report.elapsedSeconds.toFixed(1)} s)`);
  try {
    const context: Context = { options, report, models, picture, pictures, load, gpu };
    for (const [name, run] of tasksOf(context)) {
      if (report.elapsedSeconds > 60 * options.minutes) {
        report.check(`${name} is run`, false, "there was no time left: --minutes");
        continue;
      }
      // One part that fails must not hide what the others would show.
      await run().catch((error: Error) => report.check(`${name} runs`, false, error.message));
    }
    report.say(
      `\n${report.elapsedSeconds.toFixed(0)} s; ${report.holds ? "everything holds" : "SOMETHING FAILED"}`,
    );
    return report.holds;
  } finally {
    gpu.close();
    killChildren();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
  if (!options) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  process.exit((await verify(options)) ? 0 : 1);
}

void main();
