import { maxExifEntries } from "./bounds";
import type { Orientation } from "./imageHeader";

/** "Exif" and the first zero of two, which precede the block in a JPEG and, against the standard, in some PNGs. */
const signature = 0x45786966;

/** Whether the bytes from `start` to `end` begin as a JPEG's EXIF segment does. */
export const hasExifSignature = (view: DataView, start: number, end: number): boolean =>
  end - start >= 6 && view.getUint32(start) === signature && view.getUint16(start + 4) === 0;

/**
 * Reads tag 0x0112 of the first image file directory (Exif 2.32, TIFF 6.0) from an EXIF block, with or without its signature. A malformed
 * block counts as one without the tag.
 */
export function readOrientation(
  view: DataView,
  start: number,
  end: number,
): Orientation | undefined {
  const tiff = hasExifSignature(view, start, end) ? start + 6 : start;
  if (end - tiff < 8) return undefined;
  const order = view.getUint16(tiff);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > end) return undefined;
  const entries = Math.min(view.getUint16(directory, little), maxExifEntries);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > end) return undefined;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : undefined;
  }
  return undefined;
}
