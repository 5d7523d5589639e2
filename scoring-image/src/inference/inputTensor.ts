import { ScoringError } from "../errors";
import type { TensorData } from "../imaging/tensorData";
import type { ModelInput } from "../model/modelTensors";

/** A decoded input as a caller sends it: float32 or uint8 values, row-major, with the batch dimension. */
export interface InputTensor {
  /** The dtype as the caller named it. */
  readonly dtype: string;
  readonly dims: readonly number[];
  /** The numbers of a text come as they were read, and become the dtype's values row by row. */
  readonly data: TensorData | Float64Array;
}

/** `float32 [n,3,224,224]` */
export const describeInput = ({ dtype, shape }: Pick<ModelInput, "dtype" | "shape">): string =>
  `${dtype} [n,${shape.slice(1).join(",")}]`;

/**
 * Checks dtype, shape and range of the values against the model's input.
 * @returns the number of rows
 * @throws ScoringError INVALID_REQUEST saying what was sent and what the model takes
 */
export function checkInputTensor({ dtype, dims, data }: InputTensor, input: ModelInput): number {
  const refuse = (what: string): never => {
    const message = `The input "${input.name}" ${what}; it must be ${describeInput(input)}.`;
    throw new ScoringError("INVALID_REQUEST", message);
  };
  if (dtype !== input.dtype) refuse(`is ${dtype}`);
  const [count = 0, ...row] = dims;
  const isShape =
    dims.length === input.shape.length &&
    Number.isSafeInteger(count) &&
    count >= 0 &&
    row.every((size, i) => size === input.shape[i + 1]);
  if (!isShape) refuse(`has the shape [${dims.slice(0, 8).join(",")}]`);
  const expected = dims.reduce((product, size) => product * size, 1);
  if (data.length !== expected) {
    refuse(`has ${data.length} values for the shape [${dims.join(",")}]`);
  }
  if (dtype === "uint8" && data instanceof Float64Array) {
    const wrong = data.find((value) => (value & 255) !== value);
    if (wrong !== undefined) refuse(`holds ${wrong}, which is no whole number from 0 to 255`);
  }
  return count;
}

/** A row of a batch: a view of the tensor, but for numbers of a text, which become values of the dtype. */
export function rowOf({ dtype, data }: InputTensor, index: number, count: number): TensorData {
  const length = data.length / count;
  const row = data.subarray(index * length, (index + 1) * length);
  if (!(row instanceof Float64Array)) return row;
  return dtype === "uint8" ? new Uint8Array(row) : new Float32Array(row);
}
