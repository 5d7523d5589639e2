/** float32 of float16's bits, exact. */
export function float32Of(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/** Bits of the float16 next to each number, ties to even; what is too large becomes infinite. */
export const float16Of = (values: readonly number[]): Uint16Array =>
  Uint16Array.from(values, halfOf);

function halfOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  // Halfway between the largest number and what would be the next.
  if (size >= 65520) return sign | 0x7c00;
  // Spacing of float16's numbers here: 2^-24 at least, and 1024 steps to each power of two.
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const steps = roundHalfToEven(size / 2 ** (exponent - 10));
  const bits = (exponent + 14) * 1024 + steps;
  return sign | bits;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
