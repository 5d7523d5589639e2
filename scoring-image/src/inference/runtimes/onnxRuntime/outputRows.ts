import type { OutputTensor, TensorValues } from "../../tensors";

/** An output of a whole batch. */
export interface BatchOutput {
  readonly name: string;
  /** Shape, the batch dimension first. */
  readonly dims: readonly number[];
  readonly data: TensorValues;
}

/**
 * Cuts the outputs of a batch into those of its rows, which are views of the same memory; rows
 * behind `count` are padding.
 * @param size rows of the batch that was run
 * @throws Error when an output has not one row for each of the batch's
 */
export function outputsOfRows(
  outputs: readonly BatchOutput[],
  size: number,
  count: number,
): OutputTensor[][] {
  for (const { name, dims } of outputs) {
    if (dims[0] !== size) {
      throw new Error(`output ${name} has ${dims[0] ?? 1} rows for a batch of ${size}`);
    }
  }
  return Array.from({ length: count }, (_, i) =>
    outputs.map(({ name, dims, data }) => {
      const length = data.length / size;
      const row = data.subarray(i * length, (i + 1) * length);
      return { name, dims: [1, ...dims.slice(1)], data: row };
    }),
  );
}

/** Number of values of a tensor of that shape. */
export const elementCount = (dims: readonly number[]): number =>
  dims.reduce((product, size) => product * size, 1);
