// Raffaello Giulietti, "The Schubfach way to render doubles" (2021), for float32.

/** The decimal that `decimalOf` found last: digits * 10^exponent. */
export let digits: u32 = 0;
export let exponent: i32 = 0;

/** Least and greatest exponent of a power of ten that float32 needs. */
const leastPower = -31;
const greatestPower = 45;

const powers = memory.data((greatestPower - leastPower + 1) * 8, 8);

/** Where the caller writes 10^-31 ... 10^45, each as uint64: scaled by a power of two to 2^63 ... 2^64, rounded up. */
export function powersOfTen(): usize {
  return powers;
}

/**
 * Finds the shortest decimal between the halves of the ways to a float32's neighbours, the nearest one of several.
 * @param bits of a finite value, without its sign
 */
export function decimalOf(bits: u32): void {
  const fraction = bits & 0x7fffff;
  const biased = bits >> 23;
  // The value is c * 2^q.
  const c = biased == 0 ? fraction : fraction | 0x800000;
  const q = <i32>max<u32>(biased, 1) - 150;
  if (c == 0) setDecimal(0, 0);
  else if (q <= 0 && q > -24 && ((c >> -q) << -q) == c) setDecimal(c >> -q, 0);
  else shortest(c, q, fraction == 0 && biased > 1);
}

/** @param isUneven whether the neighbour below is nearer than the one above, as at powers of two */
function shortest(c: u32, q: i32, isUneven: bool): void {
  // 10^k is just below the distance of the neighbours: floor(log10(2^q)), or of 3/4 of it.
  const k = (q * 1262611 - (isUneven ? 524031 : 0)) >> 22;
  // floor(log2(10^-k))
  const shift = q + ((-k * 1741647) >> 19) + 1;
  const power = load<u64>(powers + (<usize>(-k - leastPower) << 3));
  // Four times value and bounds in units of 10^k; odd if there is a remainder, which comparisons then see.
  const value = scaled(power, (c << 2) << shift);
  // Bounds round to the value themselves if its last bit is even.
  const outside = c & 1;
  const lower = scaled(power, ((c << 2) - (isUneven ? 1 : 2)) << shift) + outside;
  const upper = scaled(power, ((c << 2) + 2) << shift) - outside;
  const below = value >> 2;
  if (below >= 10) {
    const tens = below / 10;
    const isLow = lower <= tens * 40;
    const isHigh = tens * 40 + 40 <= upper;
    if (isLow != isHigh) return setDecimal(tens + u32(isHigh), k + 1);
  }
  const isLow = lower <= below * 4;
  const isHigh = below * 4 + 4 <= upper;
  if (isLow != isHigh) return setDecimal(below + u32(isHigh), k);
  const middle = below * 4 + 2;
  const isUp = value > middle || (value == middle && (below & 1) == 1);
  setDecimal(below + u32(isUp), k);
}

/** power * factor / 2^64, the last bit set if there is a remainder that the power's own rounding does not explain. */
@inline
function scaled(power: u64, factor: u32): u32 {
  const low = (power & 0xffffffff) * factor;
  const product = (power >> 32) * factor + (low >> 32);
  return <u32>(product >> 32) | u32(<u32>product > 1);
}

/** Takes the digits without the zeros at their end. */
function setDecimal(value: u32, power: i32): void {
  if (value != 0) {
    for (; value % 10 == 0; power++) value /= 10;
  }
  digits = value;
  exponent = power;
}
