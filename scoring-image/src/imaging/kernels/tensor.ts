// The row of the input tensor that pictures are written to, and its form: one instance of the module serves one form.
import { toFloat16, toUint8 } from "./packing";

/** Element types as `configure` takes them. */
export const enum Dtype {
  float32 = 0,
  uint8 = 1,
  float16 = 2,
}

let dtype: Dtype = Dtype.float32;
let isPlanar: bool = false;
let isReversed: bool = false;
let height: i32 = 0;
export let width: i32 = 0;
/** Pixels of a row, rounded up to whole vectors of four. */
export let paddedWidth: i32 = 0;
/** Three rows of one colour each, `paddedWidth` float32, which `placeRow` brings to their place. */
let scratch: usize = 0;
let output: usize = 0;
/** Mean and scale of R, G and B, float64. */
let norms: usize = 0;

/**
 * Takes memory for one row of the tensor; called once.
 * @param planar NCHW, else NHWC
 * @param reversed BGR, else RGB
 * @returns where the row lies
 */
export function configure(w: i32, h: i32, type: Dtype, planar: bool, reversed: bool): usize {
  width = w;
  height = h;
  paddedWidth = (w + 3) & ~3;
  dtype = type;
  isPlanar = planar;
  isReversed = reversed;
  norms = heap.alloc(48);
  scratch = heap.alloc(<usize>paddedWidth * 12);
  output = heap.alloc(<usize>w * <usize>h * 3 * itemSize());
  return output;
}

/** Sets a colour's normalisation, (value - mean) * scale. */
export function normalise(colour: i32, mean: f64, scale: f64): void {
  store<f64>(norms + ((<usize>colour) << 4), mean);
  store<f64>(norms + ((<usize>colour) << 4), scale, 8);
}

export function meanOf(colour: i32): f64 {
  return load<f64>(norms + ((<usize>colour) << 4));
}
export function scaleOf(colour: i32): f64 {
  return load<f64>(norms + ((<usize>colour) << 4), 8);
}

/** Whether values become whole numbers, halves the even one, while they still have all their digits. */
export function isWhole(): bool {
  return dtype == Dtype.uint8;
}

/** Bytes of an element. */
export function itemSize(): usize {
  return dtype == Dtype.float32 ? 4 : dtype == Dtype.uint8 ? 1 : 2;
}

/** Address of a colour's first element in row `y` of the picture. */
export function placeOf(colour: i32, y: i32): usize {
  const channel = isReversed ? 2 - colour : colour;
  const at = isPlanar ? (channel * height + y) * width : y * width * 3 + channel;
  return output + <usize>at * itemSize();
}

/** Elements from one pixel of a colour to the next. */
export function stepOf(): usize {
  return isPlanar ? 1 : 3;
}

/** Whole vectors of float32 can be stored where the tensor has them. */
function isInPlace(): bool {
  return isPlanar && dtype == Dtype.float32 && width == paddedWidth;
}

/** Where a colour's row of float32 is made. */
export function targetOf(colour: i32, y: i32): usize {
  return isInPlace() ? placeOf(colour, y) : scratch + <usize>(colour * paddedWidth) * 4;
}

/** Brings the three rows that were made at `targetOf` to row `y` of the picture. */
export function placeRow(y: i32): void {
  if (isInPlace()) return;
  for (let colour = 0; colour < 3; colour++) {
    const row = targetOf(colour, y);
    const place = placeOf(colour, y);
    convert(row, paddedWidth);
    if (isPlanar) memory.copy(place, row, <usize>width * itemSize());
    else if (dtype == Dtype.float32) spread<f32>(row, place);
    else if (dtype == Dtype.uint8) spread<u8>(row, place);
    else spread<u16>(row, place);
  }
}

/** Turns `count` float32 values, a multiple of 4, into the tensor's dtype; they then lie closer together. */
export function convert(values: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  let to = values;
  if (dtype == Dtype.uint8) {
    for (; values < end; values += 16, to += 4) {
      v128.store_lane<u32>(to, toUint8(v128.load(values)), 0);
    }
  } else if (dtype == Dtype.float16) {
    for (; values < end; values += 16, to += 8) {
      v128.store_lane<u64>(to, toFloat16(v128.load(values)), 0);
    }
  }
}

/** Copies a row of one colour to every third element. */
function spread<T>(from: usize, to: usize): void {
  const end = from + <usize>width * sizeof<T>();
  for (; from < end; from += sizeof<T>(), to += 3 * sizeof<T>()) store<T>(to, load<T>(from));
}
