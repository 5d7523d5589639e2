import type { ImageTransform } from "./transform";

/** A batch tensor of one dtype, or rows of one. */
export type TensorData = Float32Array | Uint8Array;

/** Number of values of one picture: 3 x height x width. */
export const valuesPerImage = ({ width, height }: Pick<ImageTransform, "width" | "height">) =>
  3 * width * height;
