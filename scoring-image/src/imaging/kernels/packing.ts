// From float32 to the narrower dtypes, four values at a time.

/** Whole float32 values, bounded to 0..255, as bytes in the lowest 32 bits. */
@inline
export function toUint8(values: v128): v128 {
  const whole = i32x4.trunc_sat_f32x4_s(values);
  const words = i16x8.narrow_i32x4_s(whole, whole);
  return i8x16.narrow_i16x8_u(words, words);
}

/** What `toFloat16` compares with and adds. V8 makes a constant anew at each use, which takes longer than to load it. */
// prettier-ignore
const constants = memory.data<u32>(
  [
    0x80000000, 0x80000000, 0x80000000, 0x80000000,
    1, 1, 1, 1,
    // The exponent is rebased from 127 to 15 (112 << 23 less); just below a half of the last place is added.
    0xc8000fff, 0xc8000fff, 0xc8000fff, 0xc8000fff,
    // 0.5, whose last place in float32 is a half's smallest step, 2^-24.
    0x3f000000, 0x3f000000, 0x3f000000, 0x3f000000,
    // 2^-14, the least normal half.
    0x38800000, 0x38800000, 0x38800000, 0x38800000,
    // 65520, from which on values round to infinity, and infinity.
    0x477fefff, 0x477fefff, 0x477fefff, 0x477fefff,
    0x7c00, 0x7c00, 0x7c00, 0x7c00,
    // Infinity in float32, beyond which NaN lies, and a half's NaN.
    0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000,
    0x7e00, 0x7e00, 0x7e00, 0x7e00,
  ],
  16,
);
const enum Constant {
  signBit = 0,
  one = 16,
  rebase = 32,
  oneHalf = 48,
  leastNormal = 64,
  greatestFinite = 80,
  infinity = 96,
  wideInfinity = 112,
  nan = 128,
}

/** float32 values as IEEE 754 halves, ties to even, in the lowest 64 bits. */
@inline
export function toFloat16(values: v128): v128 {
  const sign = v128.and(values, v128.load(constants, Constant.signBit));
  const magnitude = v128.xor(values, sign);
  // Normal halves: what is dropped is rounded by a carry into what is kept, which an odd last place makes larger.
  const odd = v128.and(i32x4.shr_u(magnitude, 13), v128.load(constants, Constant.one));
  const rebased = i32x4.add(magnitude, v128.load(constants, Constant.rebase));
  const normal = i32x4.shr_u(i32x4.add(rebased, odd), 13);
  // Smaller ones: the sum with 0.5 is rounded to whole steps, which its last bits count.
  const oneHalf = v128.load(constants, Constant.oneHalf);
  const steps = i32x4.sub(f32x4.add(magnitude, oneHalf), oneHalf);
  const isSmall = i32x4.gt_s(v128.load(constants, Constant.leastNormal), magnitude);
  let half = v128.bitselect(steps, normal, isSmall);
  const isLarge = i32x4.gt_s(magnitude, v128.load(constants, Constant.greatestFinite));
  half = v128.bitselect(v128.load(constants, Constant.infinity), half, isLarge);
  const isNan = i32x4.gt_s(magnitude, v128.load(constants, Constant.wideInfinity));
  half = v128.bitselect(v128.load(constants, Constant.nan), half, isNan);
  half = v128.or(half, i32x4.shr_u(sign, 16));
  return i16x8.narrow_i32x4_u(half, half);
}
