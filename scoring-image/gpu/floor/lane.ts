import { planFor, type InferencePlan } from "../../src/inference/plan";
import { openOnnxHost } from "../../src/inference/runtimes/onnxRuntime/host";
import type { LaneHandle } from "../../src/inference/runtimes/onnxRuntime/laneHandle";
import { openLane } from "../../src/inference/runtimes/onnxRuntime/laneRuntime";
import type { OnnxRuntimePlan } from "../../src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import type { BatchRow, BlockingRuntime } from "../../src/inference/runtimes/runtime";
import type { TensorValues } from "../../src/inference/tensors";
import { readModelPackage } from "../../src/model/modelPackage";

/** The default ladder of a GPU: pipelineSettings.ts. */
const gpuSizes = [1, 2, 4, 8, 16, 32, 64] as const;

/** A model with one lane in this thread, without a server around it. */
export interface Lane {
  readonly plan: InferencePlan;
  readonly runtime: BlockingRuntime;
  /** Until it was warm. */
  readonly openMs: number;
  /**
   * Runs a batch.
   * @returns the values of each row's first output, which the next run writes over
   */
  run(rows: readonly BatchRow[]): readonly TensorValues[];
  close(): Promise<void>;
}

/**
 * Opens and warms a model package.
 * @param sizes the default ladder of a GPU unless given
 * @throws Error why the model cannot be run there
 */
export async function openModelLane(
  folder: string,
  executionProvider: "cpu" | "cuda",
  sizes?: readonly number[],
): Promise<Lane> {
  const started = performance.now();
  const [first, ...others] = sizes ?? gpuSizes;
  const plan = planFor(readModelPackage(folder), {
    ...{ executionProvider, threadsPerLane: 1, maxQueueWaitMs: 0, engineCacheDir: "" },
    batchSizes: { sizes: [first as number, ...others], isDefault: sizes === undefined },
    gpuMemoryLimit: undefined,
  });
  const host = await openOnnxHost(plan.runtime as OnnxRuntimePlan);
  const runtime = openLane(host.handleOf(0) as LaneHandle);
  runtime.warmUp();
  const patience = { id: 1, timeoutMs: Infinity, signal: new AbortController().signal };
  return {
    ...{ plan, runtime, openMs: performance.now() - started },
    run: (rows) =>
      runtime.run(rows, patience).map(([output]) => (output as { data: TensorValues }).data),
    close: () => {
      runtime.close();
      return host.close();
    },
  };
}
