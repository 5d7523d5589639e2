/** The Open Inference Protocol's names of tensor dtypes, for both of its sides: the service's own protocol and the runtime beside it. */

/** dtype of a model package -> datatype of the protocol. */
export const datatypes = {
  float32: "FP32",
  float64: "FP64",
  int32: "INT32",
  int64: "INT64",
  uint8: "UINT8",
  int8: "INT8",
  bool: "BOOL",
} as const;

/** dtype of a tensor in a model package. */
export type TensorDtype = keyof typeof datatypes;

/** The datatypes that the protocol shares with model packages, and BYTES for encoded pictures and classes. */
export type Datatype = (typeof datatypes)[TensorDtype] | "BYTES";

/** The list of `InferTensorContents` that holds a datatype. */
export const contentsFields: Readonly<Record<Datatype, string>> = {
  BOOL: "bool_contents",
  INT8: "int_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  UINT8: "uint_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};
