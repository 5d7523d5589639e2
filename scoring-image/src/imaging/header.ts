import { ScoringError } from "../errors";
import { decoderBytesPerPixel, maxSide } from "./bounds";
import type { ImageHeader } from "./imageHeader";
import { readJpegHeader } from "./jpegHeader";
import { readPngHeader } from "./pngHeader";

const ascii = (bytes: Uint8Array, start: number, length: number) =>
  String.fromCharCode(...bytes.subarray(start, start + length));

/** Names a picture format that is recognised but not served, or undefined. */
function unsupportedFormat(bytes: Uint8Array): string | undefined {
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") return "WebP";
  if (ascii(bytes, 0, 4) === "GIF8") return "GIF";
  if (ascii(bytes, 0, 2) === "BM" && bytes.length >= 26) return "BMP";
  if (["II*\0", "MM\0*"].includes(ascii(bytes, 0, 4))) return "TIFF";
  if (bytes[0] === 0xff && bytes[1] === 0x0a) return "JPEG XL";
  if (ascii(bytes, 0, 12) === "\0\0\0\fJXL \r\n\x87\n") return "JPEG XL";
  if (ascii(bytes, 4, 8) === "jP  \r\n\x87\n") return "JPEG 2000";
  if (ascii(bytes, 4, 4) === "ftyp") {
    const brand = ascii(bytes, 8, 4);
    if (brand.startsWith("avi")) return "AVIF";
    if (/^(hei|hev|mif1|msf1)/.test(brand)) return "HEIC";
  }
  return undefined;
}

function notAnImage(bytes: Uint8Array): ScoringError {
  if (bytes.length === 0) {
    return new ScoringError("NOT_AN_IMAGE", "The body is empty; send the bytes of a JPEG or PNG.");
  }
  const text = ascii(bytes, 0, 64).trimStart();
  const looks = /^[[{"]/.test(text) ? "JSON" : /^</.test(text) ? "HTML or XML" : undefined;
  const found = looks ? `The body looks like ${looks}` : "The body is not a picture";
  return new ScoringError("NOT_AN_IMAGE", `${found}; send the raw bytes of a JPEG or PNG.`);
}

/**
 * Recognises a picture by its content (never by its name or Content-Type) and reads its dimensions without decoding it, in a time that is bounded
 * whatever the body's length.
 * @param maxPixels bound on width x height, checked before any memory is taken for pixels; `bounds.ts` has what else is bounded
 * @throws ScoringError NOT_AN_IMAGE, UNSUPPORTED_FORMAT, IMAGE_TRUNCATED, IMAGE_CORRUPT or IMAGE_TOO_LARGE
 */
export function readImageHeader(bytes: Uint8Array, maxPixels: number): ImageHeader {
  const header = readKnownHeader(bytes, maxPixels);
  const { width, height, bytesPerPixel } = header;
  const pixels = width * height;
  if (pixels > maxPixels) {
    tooLarge(`${width} x ${height} pixels; this service takes at most ${maxPixels} pixels`);
  }
  if (Math.max(width, height) > maxSide) {
    tooLarge(`${width} x ${height} pixels; this service takes at most ${maxSide} on a side`);
  }
  if (bytesPerPixel * pixels > decoderBytesPerPixel * maxPixels) {
    const most = Math.floor((decoderBytesPerPixel * maxPixels) / bytesPerPixel);
    tooLarge(
      `${width} x ${height} pixels, of ${bytesPerPixel} bytes each while it is decoded; this service takes at most ${most} of them. ${lighter[header.format]}`,
    );
  }
  return header;
}

/** Forms that take less memory while they are decoded. */
const lighter = {
  jpeg: "Send it smaller, or as a baseline JPEG of one scan",
  png: "Send it smaller, or with 8 bits a channel",
} as const;

function tooLarge(what: string): never {
  throw new ScoringError("IMAGE_TOO_LARGE", `The picture has ${what}.`);
}

function readKnownHeader(bytes: Uint8Array, maxPixels: number): ImageHeader {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpegHeader(bytes, maxPixels);
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return readPngHeader(bytes);
  const format = unsupportedFormat(bytes);
  if (format) {
    throw new ScoringError("UNSUPPORTED_FORMAT", `${format} is not supported; send JPEG or PNG.`);
  }
  throw notAnImage(bytes);
}
