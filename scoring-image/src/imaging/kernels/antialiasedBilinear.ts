// Pillow's BILINEAR with antialiasing, in its fixed point: weights are scaled by 2^22, each pass is rounded to whole values.
import {
  convert,
  isWhole,
  itemSize,
  meanOf,
  paddedWidth,
  placeOf,
  scaleOf,
  stepOf,
  width,
} from "./tensor";

const precisionBits = 22;
const half = 1 << (precisionBits - 1);

/** What each byte becomes in the tensor: for R, G and B a table of 256 elements, one every 1024 bytes. */
let table: usize = 0;
/** One row of the picture, uint8 [width, 3], as both passes have left it. */
let blended: usize = 0;

/** Takes memory and tabulates the normalisation; called once, after `configure` and `normalise`. */
export function prepareAntialiasedBilinear(): void {
  table = heap.alloc(3 * 1024);
  blended = heap.alloc(rowBytes());
  for (let colour = 0; colour < 3; colour++) {
    const values = table + (<usize>colour << 10);
    for (let value = 0; value < 256; value++) {
      const normal = (<f64>value - meanOf(colour)) * scaleOf(colour);
      store<f32>(values + (<usize>value << 2), <f32>(isWhole() ? nearest(normal) : normal));
    }
    convert(values, 256);
  }
}

/** Bytes between two rows of narrowed pixels: whole vectors, with room for the last pixel's fourth byte. */
export function rowBytes(): usize {
  return (<usize>(3 * width) + 16) & ~15;
}

/**
 * Resizes, crops and normalises. The horizontal pass comes first, as in Pillow, because the rounding between the passes shows.
 * @param origin address of the upright picture's first pixel
 * @param strideX bytes from a pixel to its right neighbour; `strideY` to the one below
 * @param columns table of the columns: offset in bytes of the first pixel of each window, int32 [width], then weights, int32
 *   [width, columnTaps]
 * @param rows the same for the rows, with numbers of source rows instead of offsets
 * @param ring memory of 2 x rowTaps rows of `rowBytes`
 */
export function antialiasedBilinear(
  origin: usize,
  strideX: i32,
  strideY: i32,
  columns: usize,
  columnTaps: i32,
  rows: usize,
  rowTaps: i32,
  rowCount: i32,
  ring: usize,
): void {
  const bytes = rowBytes();
  const weights = rows + (<usize>rowCount << 2);
  let next = load<i32>(rows);
  for (let y = 0; y < rowCount; y++) {
    const first = load<i32>(rows + (<usize>y << 2));
    if (first > next) next = first;
    for (; next < first + rowTaps; next++) {
      // Every row is kept twice, so that any window lies in one piece.
      const row = ring + <usize>(next % rowTaps) * bytes;
      narrow(origin + next * strideY, strideX, columns, columnTaps, row);
      memory.copy(row + <usize>rowTaps * bytes, row, bytes);
    }
    const window = ring + <usize>(first % rowTaps) * bytes;
    blend(window, bytes, weights + <usize>(y * rowTaps) * 4, rowTaps);
    place(y);
  }
}

/** The horizontal pass over one source row: uint8 [width, 3]. */
function narrow(row: usize, strideX: i32, columns: usize, taps: i32, out: usize): void {
  let weights = columns + (<usize>width << 2);
  const pairs = <usize>(taps >> 1) << 3;
  const isOdd = (taps & 1) == 1;
  const end = out + <usize>(3 * width);
  for (; out < end; out += 3, columns += 4) {
    let from = row + load<i32>(columns);
    let sum = i32x4.splat(half);
    // Two at a time: the loop itself would take as long as its work.
    for (const last = weights + pairs; weights < last; weights += 8) {
      const other = weighted(from + strideX, weights + 4);
      sum = i32x4.add(sum, i32x4.add(weighted(from, weights), other));
      from += 2 * strideX;
    }
    if (isOdd) {
      sum = i32x4.add(sum, weighted(from, weights));
      weights += 4;
    }
    const bytes = i8x16.swizzle(
      i32x4.shr_u(sum, precisionBits),
      i8x16(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
    );
    v128.store_lane<u32>(out, bytes, 0);
  }
}

/** R, G and B of a pixel times its weight, int32. */
@inline
function weighted(pixel: usize, weight: usize): v128 {
  const lanes = i32x4.extend_low_i16x8_u(v128.load8x8_u(pixel));
  return i32x4.mul(lanes, v128.load32_splat(weight));
}

/** Fixed-point sums as whole bytes, in the lanes' order. */
@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, precisionBits), i32x4.shr_s(b, precisionBits));
  const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, precisionBits), i32x4.shr_s(d, precisionBits));
  return i8x16.narrow_i16x8_u(low, high);
}

/** The vertical pass for one output row, sixteen bytes at a time. */
function blend(window: usize, stride: usize, weights: usize, taps: i32): void {
  for (let at: usize = 0; at < stride; at += 16) {
    let a = i32x4.splat(half);
    let b = a;
    let c = a;
    let d = a;
    let from = window + at;
    for (let k = 0; k < taps; k++, from += stride) {
      const weight = v128.load32_splat(weights + (<usize>k << 2));
      const low = v128.load8x8_u(from);
      const high = v128.load8x8_u(from, 8);
      a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), weight));
      b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), weight));
      c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), weight));
      d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), weight));
    }
    v128.store(blended + at, bytesOf(a, b, c, d));
  }
}

/** Brings the blended row to row `y` of the tensor. */
function place(y: i32): void {
  for (let colour = 0; colour < 3; colour++) {
    const values = table + (<usize>colour << 10);
    const to = placeOf(colour, y);
    if (itemSize() == 4) look<u32>(blended + colour, values, to);
    else if (itemSize() == 2) look<u16>(blended + colour, values, to);
    else look<u8>(blended + colour, values, to);
  }
}

/** Every third byte of a row through a table of elements. */
function look<T>(bytes: usize, values: usize, to: usize): void {
  const step = stepOf() * sizeof<T>();
  for (const end = bytes + <usize>(3 * width); bytes < end; bytes += 3, to += step) {
    store<T>(to, load<T>(values + <usize>load<u8>(bytes) * sizeof<T>()));
  }
}
