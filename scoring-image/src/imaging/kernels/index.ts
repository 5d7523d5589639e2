export { configure, normalise } from "./tensor";
export { legacyBilinear, prepareLegacyBilinear } from "./legacyBilinear";
export { antialiasedBilinear, prepareAntialiasedBilinear, rowBytes } from "./antialiasedBilinear";

/** Memory for the caller's own data, aligned to 16 bytes. */
export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

/** Makes the last allocation longer where it lies. */
export function extend(address: usize, bytes: usize): usize {
  return heap.realloc(address, bytes);
}
