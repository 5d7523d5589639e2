import type { Pixels } from "./pixels";
import type { Geometry } from "./transform";
import type { TensorWriter } from "./tensorWriter";

/** Pillow computes 8-bit pictures in fixed point: weights are scaled by 2^22 and every pass is rounded to whole values. */
const precisionBits = 22;
const half = 1 << (precisionBits - 1);

/** For each output position: its first source position, how many it averages, and their fixed-point weights (int32). */
interface Windows {
  readonly first: Int32Array;
  readonly length: Int32Array;
  readonly weights: Int32Array;
  /** Weights of position i start at i * stride. */
  readonly stride: number;
}

/** A triangle filter as wide as the reduction: Pillow's BILINEAR with antialiasing. */
function windows(size: number, resized: number, offset: number, count: number): Windows {
  const scale = size / resized;
  const filterScale = Math.max(scale, 1);
  const stride = Math.ceil(filterScale) * 2 + 1;
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const centre = (i + offset + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - filterScale + 0.5));
    const taken = Math.min(size, Math.trunc(centre + filterScale + 0.5)) - start;
    const triangle = Array.from({ length: taken }, (_, k) =>
      Math.max(0, 1 - Math.abs((start + k - centre + 0.5) / filterScale)),
    );
    const total = triangle.reduce((sum, value) => sum + value, 0);
    first[i] = start;
    length[i] = taken;
    triangle.forEach((value, k) => {
      weights[i * stride + k] = Math.trunc(0.5 + (value / total) * 2 ** precisionBits);
    });
  }
  return { first, length, weights, stride };
}

/**
 * Pillow's antialiased bilinear resize, bit for bit, then crop and normalise. Only the rows and columns that the cut needs are computed;
 * the horizontal pass comes first, as in Pillow, because the rounding between the passes shows.
 */
export function resizeAntialiasedBilinear(
  pixels: Pixels,
  cut: Geometry,
  width: number,
  height: number,
  writer: TensorWriter,
): void {
  const columns = windows(pixels.width, cut.resizedWidth, cut.left, width);
  const rows = windows(pixels.height, cut.resizedHeight, cut.top, height);
  const firstRow = rows.first[0] as number;
  const endRow = (rows.first[height - 1] as number) + (rows.length[height - 1] as number);
  const narrowed = narrow(pixels, columns, width, firstRow, endRow);
  const { values, offsets, strideX, strideY, mean, scale } = writer;
  const rowValues = 3 * width;
  for (let y = 0; y < height; y++) {
    const start = ((rows.first[y] as number) - firstRow) * rowValues;
    const taken = rows.length[y] as number;
    const weightsAt = y * rows.stride;
    for (let i = 0; i < rowValues; i++) {
      let sum = half;
      for (let k = 0; k < taken; k++) {
        sum +=
          (narrowed[start + k * rowValues + i] as number) * (rows.weights[weightsAt + k] as number);
      }
      const c = i % 3;
      const out = (offsets[c] as number) + ((i - c) / 3) * strideX + y * strideY;
      values[out] = ((sum >> precisionBits) - (mean[c] as number)) * (scale[c] as number);
    }
  }
}

/** The horizontal pass: uint8 [rows, width, 3]. */
function narrow(
  pixels: Pixels,
  columns: Windows,
  width: number,
  firstRow: number,
  endRow: number,
): Uint8Array {
  const { data, origin, strideX, strideY } = pixels;
  const out = new Uint8Array((endRow - firstRow) * width * 3);
  let at = 0;
  for (let y = firstRow; y < endRow; y++) {
    const row = origin + y * strideY;
    for (let x = 0; x < width; x++, at += 3) {
      const taken = columns.length[x] as number;
      let weight = x * columns.stride;
      let from = row + (columns.first[x] as number) * strideX;
      let r = half;
      let g = half;
      let b = half;
      for (let k = 0; k < taken; k++, from += strideX, weight++) {
        const w = columns.weights[weight] as number;
        r += (data[from] as number) * w;
        g += (data[from + 1] as number) * w;
        b += (data[from + 2] as number) * w;
      }
      out[at] = r >> precisionBits;
      out[at + 1] = g >> precisionBits;
      out[at + 2] = b >> precisionBits;
    }
  }
  return out;
}
