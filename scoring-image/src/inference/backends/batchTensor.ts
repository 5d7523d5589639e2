import type { ImageTransform } from "../../imaging/transform";
import type { OutputTensor, TensorValues } from "../messages";

/** Shape of a batch tensor: [count, 3, height, width] or [count, height, width, 3]. */
export const batchDims = (
  { height, width, layout }: ImageTransform,
  count: number,
): readonly number[] => (layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3]);

/**
 * Cuts an output of a batch into one tensor a picture, each in memory of its own so that it can be moved to another thread.
 * @param dims shape of the whole output
 * @throws Error when it has not one row a picture
 */
export function splitBatch(
  name: string,
  [batch, ...rest]: readonly number[],
  values: TensorValues,
  count: number,
): OutputTensor[] {
  if (batch !== count) {
    throw new Error(`output ${name} has ${batch} rows for ${count} pictures`);
  }
  const length = values.length / count;
  return Array.from({ length: count }, (_, i) => ({
    name,
    dims: [1, ...rest],
    data: values.slice(i * length, (i + 1) * length),
  }));
}
