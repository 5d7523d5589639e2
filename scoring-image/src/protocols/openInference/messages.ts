import type { Datatype } from "../../proto/datatypes";
import type { TensorValues } from "../../inference/tensors";

/** An input whose data has been brought from its wire form into values. */
export interface InferInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: InputData;
}

/** Encoded pictures, or the values of a decoded tensor, which are those of a JSON text as Float64Array. */
export type InputData =
  | { readonly datatype: "BYTES"; readonly elements: readonly Uint8Array[] }
  | { readonly datatype: "FP32"; readonly values: Float32Array | Float64Array }
  | { readonly datatype: "UINT8"; readonly values: Uint8Array | Float64Array };

export interface RequestedOutput {
  readonly name: string;
  /** Of the classification extension: answer that many classes instead of the values; 0 for the values. */
  readonly classes: number;
}

/** An inference request to the served model, in no wire form: what REST and gRPC have in common. */
export interface InferRequest {
  readonly inputs: readonly InferInput[];
  /** None for all. */
  readonly outputs: readonly RequestedOutput[];
}

export interface InferOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Texts with the datatype BYTES. */
  readonly data: TensorValues | readonly string[];
}
