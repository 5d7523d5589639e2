import { ScoringError } from "../errors";
import type { ImageHeader } from "./imageHeader";

const channelsByColourType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/**
 * Reads a PNG's IHDR chunk (PNG specification 11.2.1), which must come first.
 * @throws ScoringError IMAGE_TRUNCATED or IMAGE_CORRUPT
 */
export function readPngHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length < 33) {
    throw new ScoringError("IMAGE_TRUNCATED", "The PNG ends inside its header.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const channels = channelsByColourType[view.getUint8(25)];
  const isHeader = view.getUint32(8) === 13 && view.getUint32(12) === 0x49484452;
  if (!isHeader || channels === undefined || width === 0 || height === 0) {
    throw new ScoringError("IMAGE_CORRUPT", "The PNG's header is corrupt.");
  }
  // Viewers ignore PNG's rarely used eXIf chunk, and so do the decoders of TensorFlow.
  return { format: "png", width, height, channels, orientation: 1, dataOffset: 33 };
}
