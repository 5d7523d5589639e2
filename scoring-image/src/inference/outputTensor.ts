/** Values of an output: one element a value; bool as uint8, float16 as float32. */
export type TensorValues =
  Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** One output tensor of one picture; `dims` has the batch dimension, which is 1. */
export interface OutputTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: TensorValues;
}
