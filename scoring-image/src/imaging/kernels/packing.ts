// From float32 to the narrower dtypes, four values at a time.

/** Whole float32 values, bounded to 0..255, as bytes in the lowest 32 bits. */
@inline
export function toUint8(values: v128): v128 {
  const whole = i32x4.trunc_sat_f32x4_s(values);
  const words = i16x8.narrow_i32x4_s(whole, whole);
  return i8x16.narrow_i16x8_u(words, words);
}

/** float32 values as IEEE 754 halves, ties to even, in the lowest 64 bits. */
@inline
export function toFloat16(values: v128): v128 {
  const sign = v128.and(values, i32x4.splat(0x80000000));
  const magnitude = v128.xor(values, sign);
  // Normal halves: the exponent is rebased from 127 to 15; what is dropped is rounded by a carry into what is kept.
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const carried = i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - (112 << 23))), odd);
  const normal = i32x4.shr_u(carried, 13);
  // Below 2^-14: added to 0.5, a float32's last place is a half's smallest step, 2^-24, and the sum is rounded to it.
  const sum = f32x4.add(magnitude, f32x4.splat(0.5));
  const subnormal = i32x4.sub(sum, i32x4.splat(0x3f000000));
  const isSmall = i32x4.lt_s(magnitude, i32x4.splat(0x38800000));
  let half = v128.bitselect(subnormal, normal, isSmall);
  // 65520 and more round to infinity.
  const isLarge = i32x4.ge_s(magnitude, i32x4.splat(0x477ff000));
  half = v128.bitselect(i32x4.splat(0x7c00), half, isLarge);
  const isNan = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  half = v128.bitselect(i32x4.splat(0x7e00), half, isNan);
  half = v128.or(half, i32x4.shr_u(sign, 16));
  return i16x8.narrow_i32x4_u(half, half);
}
