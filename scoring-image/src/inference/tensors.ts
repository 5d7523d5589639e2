import { aligned, padded } from "./padding";

/** Values of a tensor, row-major. */
export type TensorValues =
  Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** The array that holds values of a dtype, each as native code and the protocols lay it out. */
export const valueArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** One output tensor of one picture; `dims` has the batch dimension, which is 1. */
export interface OutputTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: TensorValues;
}

/** What tells a tensor's values from their bytes. */
export interface TensorForm {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: keyof typeof arrays;
}

const arrays = {
  Float32Array,
  Float64Array,
  Int32Array,
  BigInt64Array,
  Uint8Array,
  Int8Array,
} as const;

export const formOf = ({ name, dims, data }: OutputTensor): TensorForm => ({
  name,
  dims,
  type: data.constructor.name as TensorForm["type"],
});

/** The tensors' bytes one after the other, each padded so that the next is aligned. */
export function bytesOf(tensors: readonly OutputTensor[]): Uint8Array[] {
  return tensors.flatMap(({ data: { buffer, byteOffset, byteLength } }) =>
    padded([new Uint8Array(buffer, byteOffset, byteLength)]),
  );
}

const valueCount = ({ dims }: TensorForm) => dims.reduce((product, size) => product * size, 1);

/** Bytes that `bytesOf` makes of tensors of these forms. */
export const byteLengthOf = (forms: readonly TensorForm[]): number =>
  forms.reduce(
    (sum, form) => sum + aligned(valueCount(form) * arrays[form.type].BYTES_PER_ELEMENT),
    0,
  );

/**
 * Views tensors in the bytes that `bytesOf` made of them.
 * @param bytes begins at a multiple of 8 of its memory
 */
export function tensorsIn(forms: readonly TensorForm[], bytes: Uint8Array): OutputTensor[] {
  let at = bytes.byteOffset;
  return forms.map((form) => {
    const Values = arrays[form.type];
    const length = valueCount(form);
    const data = new Values(bytes.buffer as ArrayBuffer, at, length);
    at += aligned(length * Values.BYTES_PER_ELEMENT);
    return { name: form.name, dims: form.dims, data };
  });
}
