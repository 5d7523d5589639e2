import { ScoringError } from "../errors";
import type { JpegHeader } from "./imageHeader";
import { marker, standsAlone } from "./jpegMarkers";

/**
 * Counts the scans of a JPEG by its markers, as libjpeg finds them: a scan costs a pass over the whole picture even when it is empty. This takes
 * no memory and time linear in the bytes, a millisecond for five megabytes, and so it belongs on a decode thread.
 * A JPEG of one scan is not looked at: libjpeg ends with an error where a second one follows.
 * @throws ScoringError IMAGE_TOO_LARGE when there are more than `maxScans`
 */
export function refuseManyScans(bytes: Uint8Array, header: JpegHeader): void {
  const { width, height, dataOffset, maxScans } = header;
  if (maxScans === 1) return;
  let at = dataOffset;
  for (let scans = 1; scans <= maxScans;) {
    at = nextMarker(bytes, at);
    const code = bytes[at + 1];
    if (code === undefined || code === marker.eoi) return;
    if (code === marker.sos) scans++;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    at += 2 + Math.max(length, 2);
  }
  throw new ScoringError(
    "IMAGE_TOO_LARGE",
    `The JPEG has more than ${maxScans} scans of ${width} x ${height} pixels; save it as baseline JPEG.`,
  );
}

/**
 * Offset of the next marker that has a segment, or of EOI; the length of `bytes` when there is none. A coded 0xFF is followed by a zero, and
 * libjpeg passes over reserved markers, below 0xC0, as over a damaged place.
 */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = from; ;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    while (bytes[at + 1] === 0xff) at++;
    const code = bytes[at + 1];
    if (code === undefined) return bytes.length;
    if (code < 0xc0 || standsAlone(code)) at += 2;
    else return at;
  }
}
