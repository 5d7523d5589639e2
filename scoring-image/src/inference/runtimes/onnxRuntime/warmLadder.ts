import type { BatchRow } from "../runtime";
import {
  isDeclaredFormat,
  rowArrays,
  valuesPerRow,
  type OnnxRuntimePlan,
  type RowFormat,
} from "./onnxRuntimePlan";

/**
 * The first run of a size plans and allocates, the second may capture it, the third is what all
 * others are.
 */
const warmUpRuns = 3;

/** What ONNX Runtime and CUDA say when memory runs out. */
const outOfMemory = /out of memory|failed to allocate|available memory of/i;

/**
 * Warms sizes, the largest first, so that the smaller ones find memory that is already there.
 * @param warm runs one size
 * @returns the sizes that fit into the device's memory, ascending
 * @throws Error when a size that was asked for does not fit, when none does, or when a run fails
 * for another reason
 */
export function warmLadder(
  { areSizesExplicit }: Pick<OnnxRuntimePlan, "areSizesExplicit">,
  sizes: readonly number[],
  warm: (size: number) => void,
): number[] {
  const smallest = Math.min(...sizes);
  return sizes
    .toReversed()
    .flatMap((size) => {
      try {
        for (let i = 0; i < warmUpRuns; i++) warm(size);
        return size;
      } catch (cause) {
        const { message } = cause as Error;
        if (!outOfMemory.test(message)) throw cause;
        if (!areSizesExplicit && size > smallest) return [];
        throw new Error(`batches of ${size} do not fit into the GPU's memory: ${message}`, {
          cause,
        });
      }
    })
    .reverse();
}

/** Batches of zeros of one size: of pictures and, where they take another way, of tensors. */
export function zeroRows(plan: OnnxRuntimePlan, size: number): BatchRow[][] {
  const batch = (format: RowFormat, from: BatchRow["from"]) => {
    const data = new rowArrays[format.dtype](valuesPerRow(format));
    return Array.from({ length: size }, () => ({ data, from }));
  };
  const tensors = batch(plan.transform, "tensor");
  return isDeclaredFormat(plan) ? [tensors] : [batch(plan.rows, "picture"), tensors];
}
