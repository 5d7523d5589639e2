import type { Axis } from "./taps";

/** Pillow's fixed point for 8-bit pictures: weights are scaled by 2^22. */
const precision = 2 ** 22;

/** Which source positions an output position averages. */
interface Window {
  readonly first: number;
  readonly length: number;
  readonly centre: number;
  readonly support: number;
}

/** A triangle as wide as the reduction: Pillow's BILINEAR with antialiasing. */
function windowAt({ size, resized, offset }: Axis, index: number): Window {
  const scale = size / resized;
  const support = Math.max(scale, 1);
  const centre = (index + offset + 0.5) * scale;
  const first = Math.max(0, Math.trunc(centre - support + 0.5));
  const length = Math.min(size, Math.trunc(centre + support + 0.5)) - first;
  return { first, length, centre, support };
}

/** Source positions that every output position of the axis is given, enough for the widest window. */
export function tapsOf(axis: Axis): number {
  let taps = 0;
  for (let i = 0; i < axis.count; i++) taps = Math.max(taps, windowAt(axis, i).length);
  return taps;
}

/** Bytes that `writeWindows` writes. */
export const windowBytes = ({ count }: Axis, taps: number): number => 4 * count * (1 + taps);

/**
 * Writes for each output position its first source position, int32 [count], and its fixed-point weights, int32 [count, taps]. Windows that
 * are shorter have weights of 0 around them, so that all are alike to the kernel.
 * @param address of the table, a multiple of 4
 * @param stride what a source position counts: 1, or the distance in bytes of two neighbours in the pixels
 */
export function writeWindows(
  memory: ArrayBuffer,
  address: number,
  axis: Axis,
  taps: number,
  stride: number,
): void {
  const { size, count } = axis;
  const firsts = new Int32Array(memory, address, count);
  const weights = new Int32Array(memory, address + 4 * count, count * taps).fill(0);
  for (let i = 0; i < count; i++) {
    const window = windowAt(axis, i);
    const first = Math.min(window.first, size - taps);
    firsts[i] = first * stride;
    writeWeights(window, weights, i * taps + window.first - first);
  }
}

function writeWeights(window: Window, weights: Int32Array, at: number): void {
  const { first, length, centre, support } = window;
  const triangle = (k: number) => Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / support));
  let total = 0;
  for (let k = 0; k < length; k++) total += triangle(k);
  for (let k = 0; k < length; k++) {
    weights[at + k] = Math.trunc(0.5 + (triangle(k) / total) * precision);
  }
}
