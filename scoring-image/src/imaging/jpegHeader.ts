import { ScoringError } from "../errors";
import type { ImageHeader, Orientation } from "./imageHeader";

/** JPEG markers used here; ITU-T T.81 table B.1. */
const marker = { eoi: 0xd9, sos: 0xda, app1: 0xe1, rst0: 0xd0, rst7: 0xd7, tem: 0x01 } as const;

/** Start-of-frame markers, DHT (c4), JPG (c8) and DAC (cc) excepted. */
const isStartOfFrame = (code: number) =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

const truncated = () => new ScoringError("IMAGE_TRUNCATED", "The JPEG ends inside its header.");
const corrupt = (what: string) =>
  new ScoringError("IMAGE_CORRUPT", `The JPEG is corrupt: ${what}.`);

/**
 * Walks a JPEG's marker segments (ITU-T T.81 annex B) up to the first frame header and reads the EXIF orientation
 * on the way. Libraries give either the dimensions or the component count and the orientation, none gives all in one pass.
 * @throws ScoringError IMAGE_TRUNCATED, IMAGE_CORRUPT or UNSUPPORTED_FORMAT (other than 8 bits a channel)
 */
export function readJpegHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let orientation: Orientation = 1;
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    if (at + 4 > bytes.length) throw truncated();
    const code = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || code === 0) throw corrupt("a marker is missing");
    if (code === marker.eoi || code === marker.sos) throw corrupt("it has no frame header");
    if ((code >= marker.rst0 && code <= marker.rst7) || code === marker.tem) {
      at += 2;
      continue;
    }
    const start = at + 4;
    const end = at + 2 + view.getUint16(at + 2);
    if (end < start) throw corrupt("a segment has no length");
    if (end > bytes.length) throw truncated();
    if (isStartOfFrame(code)) return readFrame(view, start, end, orientation);
    if (code === marker.app1) orientation = readOrientation(view, start, end) ?? orientation;
    at = end;
  }
}

function readFrame(
  view: DataView,
  start: number,
  end: number,
  orientation: Orientation,
): ImageHeader {
  if (end - start < 6) throw corrupt("its frame header is too short");
  const bits = view.getUint8(start);
  const height = view.getUint16(start + 1);
  const width = view.getUint16(start + 3);
  const channels = view.getUint8(start + 5);
  if (width === 0 || height === 0) throw corrupt("its width or height is 0");
  if (channels === 0 || channels > 4 || channels === 2) {
    throw corrupt(`it has ${channels} colour components`);
  }
  if (bits !== 8) {
    throw new ScoringError(
      "UNSUPPORTED_FORMAT",
      `The JPEG has ${bits} bits a channel; send one with 8.`,
    );
  }
  return { format: "jpeg", width, height, channels, orientation, dataOffset: end };
}

/** Reads tag 0x0112 of the first image file directory (Exif 2.32, TIFF 6.0); a malformed block counts as absent. */
function readOrientation(view: DataView, start: number, end: number): Orientation | undefined {
  const tiff = start + 6;
  if (end - start < 14 || view.getUint32(start) !== 0x45786966) return undefined;
  const order = view.getUint16(tiff);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > end) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > end) return undefined;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : undefined;
  }
  return undefined;
}
