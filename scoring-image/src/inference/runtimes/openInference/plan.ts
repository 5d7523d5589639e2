import type { TensorDtype } from "../../../proto/datatypes";
import type { ImageTransform } from "../../../imaging/transform";
import type { Dimension } from "../../../model/modelTensors";
import type { RuntimeAddress } from "./address";

/** One tensor of the model as model.json declares it. */
export interface PlannedTensor {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: TensorDtype;
  readonly shape: readonly Dimension[];
}

/** The model in a runtime beside this process that speaks the Open Inference Protocol over gRPC. */
export interface OpenInferencePlan {
  readonly kind: "openInference";
  readonly address: RuntimeAddress;
  /** The model's name in the runtime. */
  readonly model: string;
  /** How long a batch may wait for a runtime that has gone or is busy, in milliseconds. */
  readonly maxWaitMs: number;
  /** Numbers of rows of the batches that are run, ascending. */
  readonly sizes: readonly number[];
  readonly input: PlannedTensor;
  readonly transform: ImageTransform;
  /** Outputs to compute, in the order in which results list them. */
  readonly outputs: readonly PlannedTensor[];
}
