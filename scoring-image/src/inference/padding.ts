/** What follows in one memory begins at multiples of the largest element's size, so that any tensor may be viewed there. */
const alignment = 8;

const zeros = new Uint8Array(alignment);

/** The next multiple of 8 bytes. */
export const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Length in bytes of parts that belong together. */
export const lengthOf = (parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

/** The parts, followed by as many bytes as it takes for what comes next to be aligned. */
export function padded(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = lengthOf(parts);
  const missing = aligned(length) - length;
  return missing === 0 ? parts : [...parts, zeros.subarray(0, missing)];
}
