// Writes float32 values as JSON, with the fewest digits that read back as the same float32.
import { decimalOf, digits, exponent } from "./decimal";

export { powersOfTen } from "./decimal";

/** How numbers are written: by their numbers in `json/floatText.ts`. */
const enum Form {
  plain = 0,
  float = 1,
}

/** Memory for the caller's own data, aligned to 16 bytes. */
export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

/**
 * Writes values of a tensor from number `first` on, with the brackets and commas around them.
 * @param values float32 [count]
 * @param sizes how many values an array of each nesting holds, from the innermost on, int32 [rank]; 1 for a single value
 * @returns the end of the text
 */
export function writeValues(
  values: usize,
  first: i32,
  count: i32,
  sizes: usize,
  rank: i32,
  form: i32,
  out: usize,
): usize {
  // Values until the innermost array ends.
  const row = load<i32>(sizes);
  let left = row - (first % row);
  if (first == 0) out = repeat(0x5b, rank, out);
  for (let i = 0; i < count; i++) {
    out = writeValue(load<u32>(values + (<usize>i << 2)), form, out);
    if (--left > 0) {
      store<u8>(out++, 0x2c);
      continue;
    }
    left = row;
    const ended = arraysEnded(first + i + 1, sizes, rank);
    out = repeat(0x5d, ended, out);
    if (ended < rank) {
      store<u8>(out++, 0x2c);
      out = repeat(0x5b, ended, out);
    }
  }
  return out;
}

/** How many nested arrays end behind so many values. */
function arraysEnded(count: i32, sizes: usize, rank: i32): i32 {
  let ended = 0;
  while (ended < rank && count % load<i32>(sizes + (<usize>ended << 2)) == 0) ended++;
  return ended;
}

function repeat(character: u8, times: i32, out: usize): usize {
  for (let i = 0; i < times; i++) store<u8>(out++, character);
  return out;
}

function writeValue(bits: u32, form: i32, out: usize): usize {
  const magnitude = bits & 0x7fffffff;
  const isNegative = bits != magnitude;
  if (magnitude >= 0x7f800000) return writeToken(magnitude, isNegative, form, out);
  // JavaScript writes -0 as 0.
  if (isNegative && magnitude != 0) store<u8>(out++, 0x2d);
  decimalOf(magnitude);
  return writeDecimal(digits, exponent, form, out);
}

function writeToken(magnitude: u32, isNegative: bool, form: i32, out: usize): usize {
  if (form == Form.plain) {
    // "null"
    store<u32>(out, 0x6c6c756e);
    return out + 4;
  }
  if (magnitude > 0x7f800000) {
    // "NaN"
    store<u32>(out, 0x4e614e);
    return out + 3;
  }
  if (isNegative) store<u8>(out++, 0x2d);
  // "Infinity"
  store<u64>(out, 0x7974696e69666e49);
  return out + 8;
}

/** digits * 10^exponent as JavaScript writes it: with an exponent below 1e-6 and from 1e21 on. */
function writeDecimal(digits: u32, exponent: i32, form: i32, out: usize): usize {
  const length = lengthOf(digits);
  /** Digits before the point. */
  const whole = length + exponent;
  if (whole > 21 || whole < -5) return writeScientific(digits, length, whole - 1, out);
  if (exponent >= 0) {
    writeDigits(digits, length, out);
    out = repeat(0x30, exponent, out + length);
    // 15 digits and fewer: beyond them a reader of float64 sees a whole number anyway.
    if (form != Form.float || whole > 15) return out;
    store<u16>(out, 0x302e);
    return out + 2;
  }
  if (whole <= 0) {
    // "0."
    store<u16>(out, 0x2e30);
    out = repeat(0x30, -whole, out + 2);
    writeDigits(digits, length, out);
    return out + length;
  }
  writeDigits(digits, length, out + 1);
  memory.copy(out, out + 1, whole);
  store<u8>(out + whole, 0x2e);
  return out + length + 1;
}

/** d.ddde-7 */
function writeScientific(digits: u32, length: i32, exponent: i32, out: usize): usize {
  writeDigits(digits, length, out + 1);
  store<u8>(out, load<u8>(out + 1));
  if (length > 1) {
    store<u8>(out + 1, 0x2e);
    out += length;
  }
  store<u8>(out + 1, 0x65);
  store<u8>(out + 2, exponent < 0 ? 0x2d : 0x2b);
  const size = <u32>abs(exponent);
  const width = size < 10 ? 1 : 2;
  writeDigits(size, width, out + 3);
  return out + 3 + width;
}

function lengthOf(digits: u32): i32 {
  if (digits < 100000) {
    if (digits < 100) return digits < 10 ? 1 : 2;
    return digits < 1000 ? 3 : digits < 10000 ? 4 : 5;
  }
  if (digits < 10000000) return digits < 1000000 ? 6 : 7;
  return digits < 100000000 ? 8 : 9;
}

function writeDigits(digits: u32, length: i32, out: usize): void {
  for (let at = out + length; at > out; digits /= 10) store<u8>(--at, 0x30 + <u8>(digits % 10));
}
