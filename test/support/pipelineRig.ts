import path from "node:path";
import { build } from "esbuild";
import type { EmulatedDevice } from "../../scoring-image/bench/emulated/device";
import type { WrittenAnswer } from "../../scoring-image/src/inference/call";
import { Pipeline, type PipelineOptions } from "../../scoring-image/src/inference/pipeline";
import { Predictor } from "../../scoring-image/src/inference/predictor";
import { openHost } from "../../scoring-image/src/inference/runtimes/open";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";
import { tensorsForm, tensorsOf } from "../../scoring-image/src/scripting/tensors";
import { createLogger } from "../../scoring-image/src/telemetry/logger";
import { Metrics } from "../../scoring-image/src/telemetry/metrics";
import { dist, root } from "./paths";
import { cpuPlan } from "./tinyModel";

/** How long a caller waits. */
export interface CallerLimits {
  readonly signal?: AbortSignal;
  readonly withinMs?: number;
}

export interface RigOptions extends Partial<PipelineOptions> {
  readonly sizes?: readonly [number, ...number[]];
  /** What runs batches in place of ONNX Runtime on the CPU. */
  readonly device?: EmulatedDevice;
}

const rigs: { readonly pipeline: Pipeline; readonly device: EmulatedDevice | undefined }[] = [];

/** Ends the pipelines that a test has opened; call it after each. */
export const closeRigs = () =>
  Promise.all(
    rigs.splice(0).map(({ pipeline, device }) => {
      // A test that fails may leave runs on the device.
      device?.release(1e6);
      return pipeline.close();
    }),
  );

let emulatedEntry: Promise<string> | undefined;

/** Bundles the threads with the emulated device, once. @returns path of their entry */
export const emulatedStageWorker = (): Promise<string> => (emulatedEntry ??= bundle());

async function bundle(): Promise<string> {
  const outfile = path.join(dist, "test", "emulatedStageWorker.js");
  await build({
    entryPoints: [path.join(root, "scoring-image/bench/emulated/stageWorker.ts")],
    ...{ outfile, bundle: true, platform: "node", external: [...external] },
  });
  return outfile;
}

/** Packages with native libraries, which cannot be bundled. */
const external = ["onnxruntime-node", "sharp", "@julusian/jpeg-turbo", "koffi"] as const;

const generous = {
  ...{ lanes: 1, decodeThreads: 0, maxBatchDelayMs: 0 },
  ...{ maxQueueSize: 10, maxQueueBytes: 1e9, maxQueueWaitMs: 30_000, maxBodyBytes: 1 << 24 },
};

/**
 * A pipeline over real threads with the model package of a folder, warm.
 * @returns functions that score pictures and tensors and resolve with the model's first output, one list of values a picture
 */
export async function pipelineRig(folder: string, options: RigOptions = {}) {
  const { sizes = [1], device, ...changes } = options;
  const model = readModelPackage(folder);
  const metrics = new Metrics();
  const pipeline = new Pipeline({
    ...{ ...generous, metrics, logger: createLogger("silent"), plan: cpuPlan(model, ...sizes) },
    entry: device ? await emulatedStageWorker() : path.join(dist, "stageWorker.js"),
    openHost: device?.openHost ?? openHost,
    check: () => undefined,
    onRestart: () => metrics.countRestart(),
    ...changes,
  });
  rigs.push({ pipeline, device });
  await pipeline.start();
  const limits = { maxPixels: 1e7, maxImagesPerRequest: 64 };
  const predictor = new Predictor(model, pipeline, limits, () => undefined);
  const form = { form: tensorsForm, args: null };
  const context = ({ signal = new AbortController().signal, withinMs = 60_000 }: CallerLimits) => ({
    signal,
    deadline: performance.now() + withinMs,
  });
  const rowsOf = ({ head, body }: WrittenAnswer) => {
    const [tensor] = Object.values(tensorsOf(head, body as Buffer));
    const [count = 0] = tensor?.dims ?? [];
    const values = Array.from(tensor?.data as Float32Array);
    const length = values.length / count;
    return Array.from({ length: count }, (_, i) => values.slice(i * length, (i + 1) * length));
  };
  return {
    ...{ model, pipeline, predictor, metrics },
    metric: async (name: string) =>
      Number(
        new RegExp(`^${name} (\\S+)$`, "m").exec(await metrics.registry.metrics())?.[1] ?? NaN,
      ),
    submit: async (picture: Uint8Array, caller: CallerLimits = {}) =>
      rowsOf(await predictor.predictPictures([picture], form, context(caller)))[0] as number[],
    submitAll: async (pictures: readonly Uint8Array[], caller: CallerLimits = {}) =>
      rowsOf(await predictor.predictPictures(pictures, form, context(caller))),
    submitTensor: async (
      tensor: Parameters<Predictor["predictTensor"]>[0],
      caller: CallerLimits = {},
    ) => rowsOf(await predictor.predictTensor(tensor, form, context(caller))),
  };
}
