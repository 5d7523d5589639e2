import type { ImageTransform } from "../imaging/transform";
import { graphOutputs } from "../model/graph";
import { ModelPackageError, type ModelPackage } from "../model/modelPackage";
import type { BatchSizes } from "../pipelineSettings";
import type { ExecutionProvider, OnnxRuntimePlan } from "./runtimes/onnxRuntime/onnxRuntimePlan";
import type { OpenInferencePlan, PlannedTensor } from "./runtimes/openInference/plan";

/** What every thread of the pipeline knows of the model. */
export interface InferencePlan {
  readonly model: ModelPackage;
  readonly runtime: OnnxRuntimePlan | OpenInferencePlan;
  /** Format of a row as decoding makes it of a picture. */
  readonly rows: ImageTransform;
}

/** The settings that make the plan. */
export interface PlanSettings {
  /** Undefined when the model runs in this process. */
  readonly runtime?: { readonly address: string; readonly model: string | undefined } | undefined;
  readonly executionProvider: ExecutionProvider;
  readonly threadsPerLane: number;
  readonly batchSizes: BatchSizes;
  readonly gpuMemoryLimit: number | undefined;
  readonly engineCacheDir: string;
  readonly maxQueueWaitMs: number;
}

/** @throws ModelPackageError when the model's batch is fixed and BATCH_SIZES asks for others */
export function planFor(model: ModelPackage, settings: PlanSettings): InferencePlan {
  const { runtime, executionProvider } = settings;
  const { transform } = model.input;
  const sizes = ladderOf(model, settings.batchSizes);
  const input = plannedOf(model.input);
  const outputs = graphOutputs(model).map(plannedOf);
  if (runtime) {
    const { address, model: name = model.name } = runtime;
    const maxWaitMs = settings.maxQueueWaitMs;
    const own = { kind: "openInference", address, model: name, sizes, maxWaitMs } as const;
    return { model, rows: transform, runtime: { ...own, input, transform, outputs } };
  }
  const rows = executionProvider === "cpu" ? transform : deviceRows(model);
  return {
    model,
    rows,
    runtime: {
      ...{ kind: "onnxRuntime", modelFile: model.file, executionProvider, sizes },
      areSizesExplicit: !settings.batchSizes.isDefault,
      threads: settings.threadsPerLane,
      gpuMemoryLimit: settings.gpuMemoryLimit,
      engineCacheFolder: settings.engineCacheDir,
      ...{ input, transform, rows, outputs },
    },
  };
}

/** A model whose graph fixes the batch has a ladder of that size alone. */
function ladderOf(model: ModelPackage, { sizes, isDefault }: BatchSizes): readonly number[] {
  const [batch] = model.input.shape;
  if (typeof batch !== "number") return sizes;
  if (isDefault || (sizes.length === 1 && sizes[0] === batch)) return [batch];
  throw new ModelPackageError(
    `${model.name} takes batches of exactly ${batch}, but BATCH_SIZES is ${sizes.join(",")}: ` +
      (batch === 1
        ? "set BATCH_SIZES=1"
        : `set BATCH_SIZES=${batch}, or export the model with a free batch dimension`),
  );
}

/**
 * What goes to a device: the pixels as bytes where resampling ends in whole ones, so that a quarter of the bytes travel and the device
 * normalises them; half floats where it ends in fractions and the model computes in half floats itself.
 */
function deviceRows({ input, precision }: ModelPackage): ImageTransform {
  const { transform } = input;
  if (transform.dtype === "uint8") return transform;
  if (transform.kernel === "antialiasedBilinear") {
    const asTheyAre = { mean: [0, 0, 0], scale: [1, 1, 1] } as const;
    return { ...transform, ...asTheyAre, dtype: "uint8", layout: "NHWC" };
  }
  return precision === "float16" ? { ...transform, dtype: "float16" } : transform;
}

/** Labels stay behind: what runs the model has no use for them. */
const plannedOf = ({ name, aliases, dtype, shape }: PlannedTensor): PlannedTensor => ({
  ...{ name, aliases, dtype, shape },
});
