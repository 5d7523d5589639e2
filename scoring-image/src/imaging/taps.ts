import type { Geometry } from "./transform";

/** One axis of a resize: from `size` source positions to `count` of `resized`, the first of which is `offset`. */
export interface Axis {
  readonly size: number;
  readonly resized: number;
  readonly offset: number;
  readonly count: number;
}

/** The two axes of a cut of `width` x `height`. */
export function axesOf(
  source: { readonly width: number; readonly height: number },
  cut: Geometry,
  target: { readonly width: number; readonly height: number },
): { readonly columns: Axis; readonly rows: Axis } {
  const { resizedWidth, resizedHeight, left, top } = cut;
  return {
    columns: { size: source.width, resized: resizedWidth, offset: left, count: target.width },
    rows: { size: source.height, resized: resizedHeight, offset: top, count: target.height },
  };
}

/** Bytes that `writeTaps` writes. */
export const tapBytes = (length: number): number => 16 * length;

/**
 * TensorFlow 1's legacy sampling: source = target * in / out with no half-pixel centre, in float32 as TensorFlow computes it. Writes for
 * each output position the two neighbours it lies between, int32 [length] and int32 [length], and its distance from the first,
 * float64 [length], 0..1.
 * @param address of the table, a multiple of 8
 * @param stride distance in bytes of two neighbours in the pixels
 * @param length positions written, `count` or more: further ones repeat the last
 */
export function writeTaps(
  memory: ArrayBuffer,
  address: number,
  { size, resized, offset, count }: Axis,
  stride: number,
  length: number,
): void {
  const near = new Int32Array(memory, address, length);
  const far = new Int32Array(memory, address + 4 * length, length);
  const distance = new Float64Array(memory, address + 8 * length, length);
  const scale = Math.fround(size / resized);
  for (let i = 0; i < length; i++) {
    const source = Math.fround((Math.min(i, count - 1) + offset) * scale);
    const first = Math.min(Math.floor(source), size - 1);
    near[i] = first * stride;
    far[i] = Math.min(first + 1, size - 1) * stride;
    distance[i] = Math.fround(source - first);
  }
}
