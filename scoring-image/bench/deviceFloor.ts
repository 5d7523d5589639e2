/**
 * What the device can do with nothing around it: each size in a bare loop, and whether its outputs
 * are the CPU's.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { openLane } from "../src/inference/runtimes/onnxRuntime/laneRuntime";
import type {
  ExecutionProvider,
  OnnxRuntimePlan,
  RowFormat,
} from "../src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import { valuesPerRow } from "../src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import { openModel } from "../src/inference/runtimes/onnxRuntime/openedModel";
import type { BatchRow, BlockingRuntime } from "../src/inference/runtimes/runtime";
import { graphOutputs } from "../src/model/graph";
import { readModelPackage, type ModelPackage } from "../src/model/modelPackage";
import { summarise } from "./stats";

// Native code reads it when it is loaded.
process.env.ORT_DISABLE_TELEMETRY = "1";

const usage = `node deviceFloor.js [options]
  --model FOLDER     model package (default: the bundled model)
  --provider NAME    cuda, tensorrt or cpu (default: cuda)
  --sizes LIST       batch sizes (default: 1,2,4,8,16,32,64)
  --seconds N        length of each measurement (default: 0.5)
  --engines FOLDER   where TensorRT keeps its engines
  --memory-mb N      bound on ONNX Runtime's GPU memory
  --json FILE        also write the figures to a file`;

const { values } = parseArgs({
  options: {
    model: { type: "string", default: path.join(__dirname, "../models/efficientnet-lite0") },
    provider: { type: "string", default: "cuda" },
    sizes: { type: "string", default: "1,2,4,8,16,32,64" },
    seconds: { type: "string", default: "0.5" },
    engines: { type: "string" },
    "memory-mb": { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const print = (line: string) => process.stdout.write(`${line}\n`);

/** One size in a bare loop. */
interface SizeFigures {
  readonly rows: BatchRow["from"];
  readonly size: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rowsPerSecond: number;
  /** Largest difference from the CPU's outputs, in standard deviations of these. */
  readonly difference: number;
}

/** What imaging makes for a device: bytes where the model takes normalised values. */
const bytesFor = (declared: RowFormat): RowFormat =>
  declared.dtype === "uint8"
    ? declared
    : { ...declared, dtype: "uint8", layout: "NHWC", mean: [0, 0, 0], scale: [1, 1, 1] };

const planFor = (
  model: ModelPackage,
  executionProvider: ExecutionProvider,
  sizes: readonly number[],
): OnnxRuntimePlan => ({
  ...{ kind: "onnxRuntime", modelFile: model.file, executionProvider, threads: 1, sizes },
  areSizesExplicit: values.sizes !== "1,2,4,8,16,32,64",
  gpuMemoryLimit: values["memory-mb"] ? 1e6 * Number(values["memory-mb"]) : undefined,
  engineCacheFolder: values.engines,
  ...{ input: model.input, transform: model.input.transform, outputs: graphOutputs(model) },
  rows: executionProvider === "cpu" ? model.input.transform : bytesFor(model.input.transform),
});

/** Bytes of a made picture, row by row and colour by colour. */
const pictureBytes = (format: RowFormat, seed: number) =>
  Uint8Array.from(
    { length: valuesPerRow(format) },
    (_, i) => (i * 31 + (i >> 7) * seed * 17) % 256,
  );

/** The declared input of the same picture, as imaging would write it. */
function declaredRow(declared: RowFormat, bytes: Uint8Array): BatchRow {
  if (declared.dtype === "uint8") return { data: bytes, from: "tensor" };
  const pixels = declared.width * declared.height;
  const data = Float32Array.from({ length: bytes.length }, (_, i) => {
    const isPlanar = declared.layout === "NCHW";
    const [pixel, channel] = isPlanar
      ? [i % pixels, Math.floor(i / pixels)]
      : [Math.floor(i / 3), i % 3];
    const colour = (declared.order === "RGB" ? channel : 2 - channel) as 0 | 1 | 2;
    return (
      ((bytes[3 * pixel + channel] as number) - declared.mean[colour]) * declared.scale[colour]
    );
  });
  return { data, from: "tensor" };
}

const patience = { id: 1, timeoutMs: Infinity, signal: new AbortController().signal };

/** All outputs of a row, one after the other. */
const scoresOf = (runtime: BlockingRuntime, rows: readonly BatchRow[]) =>
  runtime
    .run(rows, patience)
    .map((outputs) => outputs.flatMap(({ data }) => Array.from(data, Number)));

function differenceOf(found: readonly number[][], expected: readonly number[][]): number {
  const all = expected.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const spread = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
  const largest = found
    .flat()
    .reduce((max, value, i) => Math.max(max, Math.abs(value - (all[i] as number))), 0);
  return largest / spread;
}

function measure(
  runtime: BlockingRuntime,
  rows: readonly BatchRow[],
  expected: readonly number[][],
): SizeFigures {
  const difference = differenceOf(scoresOf(runtime, rows), expected);
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + 1000 * Number(values.seconds);
  for (let before = started; before < end;) {
    runtime.run(rows, patience);
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  }
  const { p50Ms, p99Ms } = summarise(latencies, performance.now() - started);
  const rowsPerSecond = (rows.length * 1000 * latencies.length) / (performance.now() - started);
  const from = (rows[0] as BatchRow).from;
  return { rows: from, size: rows.length, p50Ms, p99Ms, rowsPerSecond, difference };
}

async function main(): Promise<void> {
  const model = readModelPackage(values.model);
  const { transform } = model.input;
  const sizes = values.sizes.split(",").map(Number);
  const pictures = Array.from({ length: sizes.at(-1) as number }, (_, i) =>
    pictureBytes(transform, i),
  );
  const tensors = pictures.map((bytes) => declaredRow(transform, bytes));

  const reference = await openModel(planFor(model, "cpu", [1]));
  const cpu = openLane(reference.addLane().handle);
  const expected = tensors.map((row) => scoresOf(cpu, [row])[0] as number[]);

  const started = performance.now();
  const opened = await openModel(planFor(model, values.provider as ExecutionProvider, sizes));
  const runtime = openLane(opened.addLane().handle);
  const openMs = performance.now() - started;
  runtime.warmUp();
  const warmMs = performance.now() - started - openMs;
  const ready = runtime.describe();
  print(
    `${model.name}: ${ready}; opened in ${openMs.toFixed(0)} ms, warm in ${warmMs.toFixed(0)} ms`,
  );

  const takesBytes = values.provider !== "cpu" && transform.dtype !== "uint8";
  const kinds = takesBytes
    ? [pictures.map((data): BatchRow => ({ data, from: "picture" })), tensors]
    : [tensors];
  const figures = kinds.flatMap((rows) =>
    runtime.sizes.map((size) => measure(runtime, rows.slice(0, size), expected.slice(0, size))),
  );
  for (const { rows, size, p50Ms, p99Ms, rowsPerSecond, difference } of figures) {
    print(
      `${rows.padEnd(8)}${String(size).padStart(4)} rows  p50 ${p50Ms.toFixed(3)} ms  p99 ${p99Ms.toFixed(3)} ms  ` +
        `${rowsPerSecond.toFixed(0)} rows/s  off by ${difference.toExponential(1)} of a standard deviation`,
    );
  }
  const result = { model: model.name, provider: values.provider, ready, openMs, warmMs, figures };
  print(JSON.stringify(result));
  if (values.json) writeFileSync(values.json, JSON.stringify(result));
  cpu.close();
  runtime.close();
  reference.close();
  opened.close();
}

if (values.help) print(usage);
else {
  main().catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  });
}
