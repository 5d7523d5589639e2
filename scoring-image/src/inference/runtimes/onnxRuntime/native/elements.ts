import { valueArrays, type TensorValues } from "../../../tensors";
import { float32Of } from "../float16";
import { viewOf } from "./nativeMemory";

/**
 * The element types of tensors that are read or made, as `ONNXTensorElementDataType` numbers them.
 */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const;
export type ElementType = keyof typeof elementTypes;

/** Arrays in which values lie as native code has them; float16 as its bits. */
const arrays = { ...valueArrays, float16: Uint16Array } as const;

/** dtype of an output that can be served. */
export type OutputDtype = keyof typeof arrays;

/** Size of one value in bytes. */
export const bytesPerElement = (dtype: OutputDtype): number => arrays[dtype].BYTES_PER_ELEMENT;

/** The dtype's name; a number that has none here is one of ONNX's rarer types. */
export const elementName = (type: number): string =>
  Object.entries(elementTypes).find(([, number]) => number === type)?.[0] ?? `type ${type}`;

/** @throws Error when outputs of that type cannot be served */
export function outputDtype(output: string, dtype: string): OutputDtype {
  if (dtype in arrays) return dtype as OutputDtype;
  throw new Error(`output ${output} is ${dtype}, which is not served`);
}

/** An array over a part of a buffer. @param from in bytes, a multiple of the value's size */
export const valuesOver = (
  dtype: OutputDtype,
  buffer: ArrayBuffer,
  from: number,
  length: number,
): TensorValues | Uint16Array => new arrays[dtype](buffer, from, length);

/** Values at an address of native code, in memory of their own. */
export function copyOf(dtype: OutputDtype, address: bigint, length: number): TensorValues {
  if (length === 0) return served(new arrays[dtype]());
  const bytes = length * bytesPerElement(dtype);
  return served(valuesOver(dtype, viewOf(address, bytes).slice(0, bytes), 0, length));
}

/**
 * The values as they are served: float16 becomes float32, in memory of its own; all others stay.
 */
export const served = (values: TensorValues | Uint16Array): TensorValues =>
  values instanceof Uint16Array ? float32Of(values) : values;
