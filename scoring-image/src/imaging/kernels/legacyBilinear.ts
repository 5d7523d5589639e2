// TensorFlow 1's legacy bilinear sampling. Sums and products are in float64: a float32 result near the mean would show less.
import { isWhole, meanOf, paddedWidth, placeRow, scaleOf, targetOf } from "./tensor";

/** Two source rows, narrowed to the output's columns: three planes of `paddedWidth` float64 each. */
let upper: usize = 0;
let lower: usize = 0;

/** Takes memory for the narrowed rows; called once, after `configure`. */
export function prepareLegacyBilinear(): void {
  upper = heap.alloc(<usize>paddedWidth * 24);
  lower = heap.alloc(<usize>paddedWidth * 24);
}

/**
 * Resizes, crops and normalises in one pass over the output's rows.
 * @param origin address of the upright picture's first pixel
 * @param columns table of the columns: offset in bytes of the near neighbour and of the far one, int32 [paddedWidth] each, then the
 *   distance from the near one, float64 [paddedWidth]
 * @param rows the same for the rows, `rowCount` long
 */
export function legacyBilinear(origin: usize, columns: usize, rows: usize, rowCount: i32): void {
  const far = rows + (<usize>rowCount << 2);
  const weights = far + (<usize>rowCount << 2);
  const none = i32.MIN_VALUE;
  let inUpper = none;
  let inLower = none;
  for (let y = 0; y < rowCount; y++) {
    const at = <usize>y << 2;
    const first = load<i32>(rows + at);
    const second = load<i32>(far + at);
    if (first == inLower) {
      const free = upper;
      upper = lower;
      lower = free;
      inLower = inUpper;
      inUpper = first;
    }
    if (first != inUpper) {
      narrow(origin + first, columns, upper);
      inUpper = first;
    }
    if (second != first && second != inLower) {
      narrow(origin + second, columns, lower);
      inLower = second;
    }
    blendRow(y, second == first ? upper : lower, load<f64>(weights + (<usize>y << 3)));
  }
}

/** Interpolates a source row between its columns. */
function narrow(row: usize, columns: usize, out: usize): void {
  const count = <usize>paddedWidth;
  for (let x: usize = 0; x < count; x += 4) {
    const a = gather(row, columns + (x << 2));
    const b = gather(row, columns + ((count + x) << 2));
    const weights = columns + ((count + x) << 3);
    const to = out + (x << 3);
    lerp(to, byteBelow(a, 24), byteBelow(b, 24), weights);
    lerp(to + (count << 3), byteBelow(a, 16), byteBelow(b, 16), weights);
    lerp(to + (count << 4), byteBelow(a, 8), byteBelow(b, 8), weights);
  }
}

/** The byte of each lane that has so many bits above it. */
@inline
function byteBelow(lanes: v128, above: i32): v128 {
  return i32x4.shr_u(i32x4.shl(lanes, above), 24);
}

/** Four pixels of a row, one a lane, R in its lowest byte; the highest byte belongs to what lies behind the pixel. */
@inline
function gather(row: usize, offsets: usize): v128 {
  let pixels = v128.load32_zero(row + load<i32>(offsets));
  pixels = v128.load_lane<u32>(row + load<i32>(offsets, 4), pixels, 1);
  pixels = v128.load_lane<u32>(row + load<i32>(offsets, 8), pixels, 2);
  return v128.load_lane<u32>(row + load<i32>(offsets, 12), pixels, 3);
}

/** a + (b - a) * weight of four values of one colour. */
@inline
function lerp(to: usize, a: v128, b: v128, weights: usize): void {
  const step = i32x4.sub(b, a);
  const first = f64x2.mul(f64x2.convert_low_i32x4_s(step), v128.load(weights));
  const second = f64x2.mul(f64x2.convert_low_i32x4_s(highHalf(step)), v128.load(weights, 16));
  v128.store(to, f64x2.add(f64x2.convert_low_i32x4_s(a), first));
  v128.store(to, f64x2.add(f64x2.convert_low_i32x4_s(highHalf(a)), second), 16);
}

@inline
function highHalf(lanes: v128): v128 {
  return v128.shuffle<i64>(lanes, lanes, 1, 1);
}

/** Interpolates between `upper` and the row below it, and normalises. */
function blendRow(y: i32, below: usize, weight: f64): void {
  const plane = <usize>paddedWidth << 3;
  for (let colour = 0; colour < 3; colour++) {
    const a = upper + plane * <usize>colour;
    const b = below + plane * <usize>colour;
    const to = targetOf(colour, y);
    if (isWhole()) blend(a, b, weight, colour, to, true);
    else blend(a, b, weight, colour, to, false);
  }
  placeRow(y);
}

/** One colour's row of float32 between two narrowed rows. @param whole a constant where this is called */
@inline
function blend(a: usize, b: usize, weight: f64, colour: i32, to: usize, whole: bool): void {
  const weights = f64x2.splat(weight);
  const means = f64x2.splat(meanOf(colour));
  const scales = f64x2.splat(scaleOf(colour));
  const bytes = <usize>paddedWidth << 3;
  for (let at: usize = 0; at < bytes; at += 32) {
    let first = between(a + at, b + at, weights);
    let second = between(a + at + 16, b + at + 16, weights);
    first = f64x2.mul(f64x2.sub(first, means), scales);
    second = f64x2.mul(f64x2.sub(second, means), scales);
    if (whole) {
      first = f64x2.nearest(first);
      second = f64x2.nearest(second);
    }
    const low = f32x4.demote_f64x2_zero(first);
    const high = f32x4.demote_f64x2_zero(second);
    v128.store(to + (at >> 1), v128.shuffle<i64>(low, high, 0, 2));
  }
}

@inline
function between(a: usize, b: usize, weights: v128): v128 {
  const from = v128.load(a);
  return f64x2.add(from, f64x2.mul(f64x2.sub(v128.load(b), from), weights));
}
