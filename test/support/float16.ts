/** The finite halves from 0 on, by their bits. */
const halves = Float64Array.from({ length: 0x7c00 }, (_, bits) => {
  const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
  return exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
});

/** Bits of the half nearest to a value, by search; of two the even one. */
export function float16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  let [low, high] = [0, halves.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((halves[middle] as number) <= magnitude) low = middle;
    else high = middle;
  }
  const below = halves[low] as number;
  // Behind the greatest half lies what would be the next one, and rounds to infinity.
  const above = low + 1 < halves.length ? (halves[low + 1] as number) : 65536;
  const isUp =
    magnitude - below > above - magnitude ||
    (magnitude - below === above - magnitude && low % 2 === 1);
  return sign | (low + Number(isUp));
}
