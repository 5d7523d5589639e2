import type { Pixels } from "./pixels";
import type { Geometry } from "./transform";
import type { TensorWriter } from "./tensorWriter";

/** For each output position: the two neighbours it lies between, as offsets into the pixel data, and its distance from the first, 0..1. */
interface Taps {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly weight: Float32Array;
}

/**
 * TensorFlow 1's legacy sampling: source = target * in / out with no half-pixel centre, in float32 as TensorFlow computes it.
 * @param stride distance of two neighbours in the pixel data
 */
function taps(size: number, resized: number, offset: number, count: number, stride: number): Taps {
  const scale = Math.fround(size / resized);
  const near = new Int32Array(count);
  const far = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const source = Math.fround((i + offset) * scale);
    const first = Math.min(Math.floor(source), size - 1);
    near[i] = first * stride;
    far[i] = Math.min(first + 1, size - 1) * stride;
    weight[i] = source - first;
  }
  return { near, far, weight };
}

/**
 * Resizes by legacy bilinear, crops and normalises in one pass over the output: only the pixels that the model sees are computed.
 * The values are not rounded to whole numbers in between, as in TensorFlow.
 */
export function resizeLegacyBilinear(
  pixels: Pixels,
  cut: Geometry,
  width: number,
  height: number,
  writer: TensorWriter,
): void {
  const { data, origin } = pixels;
  const columns = taps(pixels.width, cut.resizedWidth, cut.left, width, pixels.strideX);
  const rows = taps(pixels.height, cut.resizedHeight, cut.top, height, pixels.strideY);
  const { values, offsets, strideX, strideY, mean, scale } = writer;
  for (let c = 0; c < 3; c++) {
    const m = mean[c] as number;
    const s = scale[c] as number;
    for (let y = 0; y < height; y++) {
      const top = origin + c + (rows.near[y] as number);
      const bottom = origin + c + (rows.far[y] as number);
      const wy = rows.weight[y] as number;
      let out = (offsets[c] as number) + y * strideY;
      for (let x = 0; x < width; x++, out += strideX) {
        const near = columns.near[x] as number;
        const far = columns.far[x] as number;
        const wx = columns.weight[x] as number;
        const a = data[top + near] as number;
        const b = data[bottom + near] as number;
        const upper = a + ((data[top + far] as number) - a) * wx;
        const lower = b + ((data[bottom + far] as number) - b) * wx;
        values[out] = (upper + (lower - upper) * wy - m) * s;
      }
    }
  }
}
