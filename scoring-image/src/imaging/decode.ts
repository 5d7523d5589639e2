import { ScoringError } from "../errors";
import type { ImageHeader } from "./imageHeader";
import { decodeJpeg } from "./jpegDecoder";
import { refuseManyScans } from "./jpegScans";
import { orient, type Pixels } from "./pixels";
import { decodeWithSharp } from "./sharpDecoder";

/** Gives memory for so many bytes of pixels. */
export type AllocatePixels = (bytes: number) => Buffer;

/**
 * Decodes a picture to upright RGB, strictly: truncated or corrupt data is an error, never a guess.
 * Grey becomes three equal channels; alpha is dropped; CMYK is converted without a colour profile, as TensorFlow and PIL do.
 * @param header what `readImageHeader` said of the same bytes
 * @param allocate where to decode to; not every picture is decoded there
 * @throws ScoringError IMAGE_TRUNCATED, IMAGE_CORRUPT, or IMAGE_TOO_LARGE when a JPEG has too many scans
 */
export async function decodeImage(
  bytes: Uint8Array,
  header: ImageHeader,
  allocate: AllocatePixels = (size) => Buffer.allocUnsafeSlow(size),
): Promise<Pixels> {
  const { width, height, orientation } = header;
  if (header.format === "jpeg") refuseManyScans(bytes, header);
  const data = await decode(asBuffer(bytes), header, allocate);
  return orient(data, width, height, orientation);
}

async function decode(
  bytes: Buffer,
  header: ImageHeader,
  allocate: AllocatePixels,
): Promise<Uint8Array> {
  const isFastPath = header.format === "jpeg" && header.channels !== 4;
  const out = isFastPath ? allocate(3 * header.width * header.height) : undefined;
  try {
    return out && header.format === "jpeg"
      ? decodeJpeg(bytes, header, out)
      : await decodeWithSharp(bytes, header);
  } catch (error) {
    throw undecodable(bytes, header, error);
  }
}

const asBuffer = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const endMarkers = { jpeg: Buffer.from([0xff, 0xd9]), png: Buffer.from("IEND", "latin1") };

/** A file without JPEG's EOI or PNG's IEND behind its header was cut off; a thumbnail's own EOI lies before it. */
const hasEnd = (bytes: Buffer, { format, dataOffset }: ImageHeader) =>
  bytes.indexOf(endMarkers[format], dataOffset) >= 0;

function undecodable(bytes: Buffer, header: ImageHeader, cause: unknown): ScoringError {
  const name = header.format === "jpeg" ? "JPEG" : "PNG";
  return hasEnd(bytes, header)
    ? new ScoringError("IMAGE_CORRUPT", `The ${name}'s picture data is corrupt.`, { cause })
    : new ScoringError("IMAGE_TRUNCATED", `The ${name} is cut off before its end.`, { cause });
}
