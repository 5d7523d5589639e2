import type { TensorDtype } from "../proto/datatypes";
import type { ImageTransform } from "../imaging/transform";
import type { DetectionPlan } from "../model/detection";
import { graphOutputs } from "../model/graph";
import { ModelPackageError, type Dimension, type ModelPackage } from "../model/modelPackage";
import type { RuntimeAddress } from "./backends/openInference/address";
import type { ExecutionProvider } from "./backends/providerCheck";

/** The model in this process, by ONNX Runtime. */
export interface OnnxRuntimePlan {
  readonly kind: "onnxRuntime";
  /** Path of the ONNX file. */
  readonly modelFile: string;
  /** Where the model must run; nothing falls back. */
  readonly executionProvider: ExecutionProvider;
  /** Threads of the session's own pool; 1 runs everything on the worker's thread. */
  readonly threads: number;
}

/** The model in a runtime beside this process that speaks the Open Inference Protocol over gRPC. */
export interface OpenInferencePlan {
  readonly kind: "openInference";
  readonly address: RuntimeAddress;
  /** The model's name in the runtime. */
  readonly model: string;
  /** How long a batch may wait for a runtime that has gone or is busy, in milliseconds. */
  readonly maxWaitMs: number;
}

/** One tensor of the model as model.json declares it. */
export interface PlannedTensor {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: TensorDtype;
  readonly shape: readonly Dimension[];
}

/** What a session worker is started with (`workerData`). */
export interface SessionPlan {
  readonly backend: OnnxRuntimePlan | OpenInferencePlan;
  readonly input: PlannedTensor;
  readonly transform: ImageTransform;
  /** Outputs to compute, in the order in which results list them. */
  readonly outputs: readonly PlannedTensor[];
  /** For a detector: how to decode its outputs; the decoded tensors follow those of `outputs`. */
  readonly detection?: DetectionPlan | undefined;
  /** Largest number of pictures in one run. */
  readonly maxBatchSize: number;
}

/** The settings that make the plan. */
export interface PlanSettings {
  /** Undefined when the model runs in this process. */
  readonly runtime?: Omit<OpenInferencePlan, "kind" | "maxWaitMs"> | undefined;
  readonly executionProvider: ExecutionProvider;
  readonly threadsPerInstance: number;
  readonly maxBatchSize: number;
  readonly maxQueueWaitMs: number;
}

/** @throws ModelPackageError when the model's batch is fixed and BATCH_SIZES another */
export function planFor(model: ModelPackage, settings: PlanSettings): SessionPlan {
  const batch = model.input.shape[0] as Dimension;
  if (typeof batch === "number" && batch !== settings.maxBatchSize) {
    throw new ModelPackageError(
      `${model.name} takes batches of exactly ${batch}, but BATCH_SIZES is ${settings.maxBatchSize}: ` +
        (batch === 1 ? "set BATCH_SIZES=1" : "export the model with a free batch dimension"),
    );
  }
  return {
    backend: backendOf(model, settings),
    input: plannedOf(model.input),
    transform: model.input.transform,
    outputs: graphOutputs(model).map(plannedOf),
    detection: model.detection?.plan,
    maxBatchSize: settings.maxBatchSize,
  };
}

function backendOf(model: ModelPackage, settings: PlanSettings): SessionPlan["backend"] {
  const { runtime, executionProvider, threadsPerInstance, maxQueueWaitMs } = settings;
  if (runtime) return { kind: "openInference", ...runtime, maxWaitMs: maxQueueWaitMs };
  const session = { modelFile: model.file, executionProvider, threads: threadsPerInstance };
  return { kind: "onnxRuntime", ...session };
}

/** Labels stay behind: a worker has no use for them. */
const plannedOf = ({ name, aliases, dtype, shape }: PlannedTensor): PlannedTensor => ({
  ...{ name, aliases, dtype, shape },
});
