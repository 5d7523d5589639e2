import type { Pixels } from "../../scoring-image/src/imaging/pixels";
import { geometry, type ImageTransform } from "../../scoring-image/src/imaging/transform";

/** What one colour of one pixel of the resized picture is, before it is normalised. */
type Sample = (pixels: Pixels, x: number, y: number, colour: number) => number;

const at = ({ data, origin, strideX, strideY }: Pixels, x: number, y: number, colour: number) =>
  data[origin + x * strideX + y * strideY + colour] as number;

const lerp = (a: number, b: number, weight: number) => a + (b - a) * weight;

/** Neighbours and weight by TensorFlow 1's resize_bilinear: no half-pixel centres, positions in float32. */
function neighbours(size: number, resized: number, position: number) {
  const source = Math.fround(position * Math.fround(size / resized));
  const near = Math.min(Math.floor(source), size - 1);
  return { near, far: Math.min(near + 1, size - 1), weight: Math.fround(source - near) };
}

const legacy =
  (width: number, height: number): Sample =>
  (pixels, x, y, colour) => {
    const column = neighbours(pixels.width, width, x);
    const row = neighbours(pixels.height, height, y);
    const across = (line: number) =>
      lerp(
        at(pixels, column.near, line, colour),
        at(pixels, column.far, line, colour),
        column.weight,
      );
    return lerp(across(row.near), across(row.far), row.weight);
  };

/** Source positions and weights in units of 2^-22, as Pillow's precompute_coeffs and normalize_coeffs_8bpc give them. */
function coefficients(size: number, resized: number, position: number): [number, number][] {
  const scale = size / resized;
  const support = Math.max(scale, 1);
  const centre = (position + 0.5) * scale;
  const start = Math.max(Math.trunc(centre - support + 0.5), 0);
  const end = Math.min(Math.trunc(centre + support + 0.5), size);
  const triangle: [number, number][] = [];
  for (let i = start; i < end; i++) {
    triangle.push([i, Math.max(0, 1 - Math.abs((i - centre + 0.5) / support))]);
  }
  const total = triangle.reduce((sum, [, weight]) => sum + weight, 0);
  return triangle.map(([i, weight]) => [i, Math.trunc(0.5 + (weight / total) * 2 ** 22)]);
}

/** Sum of weighted values, rounded to a whole one. */
const average = (weighted: [number, number][], value: (i: number) => number) =>
  Math.floor(weighted.reduce((sum, [i, weight]) => sum + value(i) * weight, 2 ** 21) / 2 ** 22);

const antialiased =
  (width: number, height: number): Sample =>
  (pixels, x, y, colour) => {
    const columns = coefficients(pixels.width, width, x);
    const rows = coefficients(pixels.height, height, y);
    return average(rows, (line) => average(columns, (i) => at(pixels, i, line, colour)));
  };

/**
 * What a resampler must give, value by value from the definitions, before it is stored in the tensor's dtype: float64
 * [3, height, width] or [height, width, 3].
 */
export function resamplePlainly(transform: ImageTransform, pixels: Pixels): Float64Array {
  const { width, height, layout, order, mean, scale, kernel } = transform;
  const { resizedWidth, resizedHeight, left, top } = geometry(
    transform,
    pixels.width,
    pixels.height,
  );
  const sample = (kernel === "legacyBilinear" ? legacy : antialiased)(resizedWidth, resizedHeight);
  const values = new Float64Array(3 * width * height);
  for (let i = 0; i < values.length; i++) {
    const plane = width * height;
    const [pixel, channel] =
      layout === "NCHW" ? [i % plane, Math.floor(i / plane)] : [Math.floor(i / 3), i % 3];
    const colour = order === "RGB" ? channel : 2 - channel;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const value = sample(pixels, x + left, y + top, colour);
    values[i] = (value - (mean[colour] as number)) * (scale[colour] as number);
  }
  return values;
}
