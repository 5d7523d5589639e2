import { ScoringError } from "../errors";
import { readOrientation } from "./exif";
import type { Orientation, PngHeader } from "./imageHeader";
import { chunkType, pngHeaderBytes, walkChunks } from "./pngChunks";

/** Channels by colour type; PNG specification 11.2.1. Palette pictures are decoded to colours. */
const channelsByColourType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/**
 * Reads a PNG's IHDR chunk (PNG specification 11.2.1), which must come first, and what other chunks say about the orientation and the memory
 * that decoding takes. Of several eXIf chunks, which the specification forbids, the first counts. It may lie in front of the picture data or
 * behind it: the specification allows both, and Pillow obeys both.
 * @throws ScoringError IMAGE_TRUNCATED, IMAGE_CORRUPT, or IMAGE_TOO_LARGE when it has too many chunks
 */
export function readPngHeader(bytes: Uint8Array): PngHeader {
  if (bytes.length < pngHeaderBytes) {
    throw new ScoringError("IMAGE_TRUNCATED", "The PNG ends inside its header.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const depth = view.getUint8(24);
  const channels = channelsByColourType[view.getUint8(25)];
  const isHeader = view.getUint32(8) === 13 && view.getUint32(12) === chunkType.ihdr;
  if (!isHeader || channels === undefined || width === 0 || height === 0) {
    throw new ScoringError("IMAGE_CORRUPT", "The PNG's header is corrupt.");
  }
  let orientation: Orientation | undefined;
  let hasTransparency = false;
  walkChunks(view, (type, start, end) => {
    if (type === chunkType.trns) hasTransparency = true;
    if (type === chunkType.exif) orientation ??= readOrientation(view, start + 8, end - 4) ?? 1;
  });
  // Less than 8 bits become 8; a transparent colour becomes a channel.
  const bytesPerPixel = (channels + (hasTransparency ? 1 : 0)) * (depth === 16 ? 2 : 1);
  return {
    format: "png",
    ...{ width, height, channels, bytesPerPixel },
    orientation: orientation ?? 1,
    dataOffset: pngHeaderBytes,
  };
}
