import type { BatchRow, RowData } from "../../src/inference/runtimes/runtime";
import { rowsOf } from "./bareLoop";
import { openModelLane, type Lane } from "./lane";
import type { SizeEquality } from "./orders";

/** What the CPU makes of pictures. */
export interface Reference {
  /** Scores of each picture. */
  readonly scores: readonly (readonly number[])[];
  /** Standard deviation of all of them. */
  readonly deviation: number;
}

/** Scores pictures on the CPU, one at a time. */
export async function referenceOf(model: string, pictures: readonly string[]): Promise<Reference> {
  const lane = await openModelLane(model, "cpu", [1]);
  const rows = await rowsOf(lane.plan.rows, pictures);
  const scores = rows.map((data) => {
    const [values] = lane.run([{ data, from: "picture" }]);
    return Array.from(values as ArrayLike<number>);
  });
  await lane.close();
  return { scores, deviation: standardDeviation(scores.flat()) };
}

export function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

/**
 * Compares each size of the ladder, full and with one row of padding, from pictures and from
 * tensors, with the CPU.
 */
export async function compareSizes(
  lane: Lane,
  reference: Reference,
  pictures: readonly string[],
): Promise<SizeEquality[]> {
  const fromPictures = await rowsOf(lane.plan.rows, pictures);
  const fromTensors = await rowsOf(lane.plan.model.input.transform, pictures);
  return lane.runtime.sizes.map((size) => ({
    size,
    pictures: largestDifference(lane, reference, size, fromPictures, "picture"),
    tensors: largestDifference(lane, reference, size, fromTensors, "tensor"),
  }));
}

function largestDifference(
  lane: Lane,
  { scores, deviation }: Reference,
  size: number,
  rows: readonly RowData[],
  from: BatchRow["from"],
): number {
  let largest = 0;
  // Other pictures in each place, so that what an earlier batch has left cannot pass for the
  // answer.
  for (const [shift, count] of [size, Math.max(1, size - 1)].entries()) {
    const at = (i: number) => (i + shift) % rows.length;
    const batch = Array.from({ length: count }, (_, i) => ({ data: rows[at(i)] as RowData, from }));
    lane.run(batch).forEach((values, i) => {
      const expected = scores[at(i)] as readonly number[];
      expected.forEach((score, k) => {
        const difference = Math.abs(Number(values[k]) - score);
        // Also true when it is NaN, which must not pass.
        if (!(difference <= largest)) largest = difference;
      });
    });
  }
  return largest / deviation;
}
