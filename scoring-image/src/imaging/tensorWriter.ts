import type { ImageTransform } from "./transform";

/** A batch tensor of one dtype. */
export type TensorData = Float32Array | Uint8Array;

/** Where and how one picture's values go into a batch tensor; all arrays have one entry for each of R, G, B. */
export interface TensorWriter {
  /** float32 or clamped uint8 view of the batch tensor; the clamped view rounds and bounds what is written to it. */
  readonly values: Float32Array | Uint8ClampedArray;
  /** Index of the first value of each colour. */
  readonly offsets: readonly [number, number, number];
  readonly strideX: number;
  readonly strideY: number;
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
}

/** Number of values of one picture: 3 x height x width. */
export const valuesPerImage = ({ width, height }: ImageTransform) => 3 * width * height;

/** A new batch tensor, [count, 3, height, width] or [count, height, width, 3] by the transform's layout. */
export function allocateBatch(transform: ImageTransform, count: number): TensorData {
  const length = count * valuesPerImage(transform);
  return transform.dtype === "uint8" ? new Uint8Array(length) : new Float32Array(length);
}

/** Addresses picture number `index` of a batch tensor. */
export function writerFor(
  transform: ImageTransform,
  batch: TensorData,
  index: number,
): TensorWriter {
  const { width, height, layout, order, mean, scale } = transform;
  const first = index * valuesPerImage(transform);
  const planar = layout === "NCHW";
  const channel = (position: number) => first + position * (planar ? width * height : 1);
  const positions = order === "RGB" ? [0, 1, 2] : [2, 1, 0];
  const [r, g, b] = positions.map(channel) as [number, number, number];
  const values =
    batch instanceof Uint8Array
      ? new Uint8ClampedArray(batch.buffer, batch.byteOffset, batch.length)
      : batch;
  const strideX = planar ? 1 : 3;
  return { values, offsets: [r, g, b], strideX, strideY: strideX * width, mean, scale };
}
