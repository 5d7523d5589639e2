import { decompressSync, FORMAT_RGB } from "@julusian/jpeg-turbo";
import sharp from "sharp";
import { ScoringError } from "../errors";
import type { ImageHeader } from "./imageHeader";
import { orient, type Pixels } from "./pixels";

// Each thread that decodes has one picture at a time; libvips' own threads and cache would only compete with them.
sharp.concurrency(1);
sharp.cache(false);

/** Gives memory for so many bytes of pixels. */
export type AllocatePixels = (bytes: number) => Buffer;

/**
 * Decodes a picture to upright RGB, strictly: truncated or corrupt data is an error, never a guess.
 * Grey becomes three equal channels; alpha is dropped; CMYK is converted without a colour profile, as TensorFlow and PIL do.
 * @param header what `readImageHeader` said of the same bytes
 * @param allocate where to decode to; not every picture is decoded there
 * @throws ScoringError IMAGE_TRUNCATED or IMAGE_CORRUPT
 */
export async function decodeImage(
  bytes: Uint8Array,
  header: ImageHeader,
  allocate: AllocatePixels = (size) => Buffer.allocUnsafeSlow(size),
): Promise<Pixels> {
  const { width, height, orientation } = header;
  const isFastPath = header.format === "jpeg" && header.channels !== 4;
  const data = isFastPath
    ? decodeJpeg(bytes, header, allocate)
    : await decodeWithSharp(bytes, header);
  return orient(data, width, height, orientation);
}

const asBuffer = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** libjpeg-turbo: about twice as fast as libvips, and it treats libjpeg's warnings as errors. */
function decodeJpeg(bytes: Uint8Array, header: ImageHeader, allocate: AllocatePixels): Uint8Array {
  const out = allocate(3 * header.width * header.height);
  try {
    return decompressSync(asBuffer(bytes), out, { format: FORMAT_RGB }).data;
  } catch (error) {
    throw undecodable(bytes, header, error);
  }
}

async function decodeWithSharp(bytes: Uint8Array, header: ImageHeader): Promise<Uint8Array> {
  const isCmyk = header.format === "jpeg";
  const picture = sharp(asBuffer(bytes), {
    failOn: "warning",
    ignoreIcc: true,
    // The header's bound was checked already; this guards against a decoder that reads the header differently.
    limitInputPixels: header.width * header.height,
  });
  try {
    const decoded = isCmyk
      ? // Without the first call libvips would go through a colour profile and back.
        picture.pipelineColourspace("cmyk").toColourspace("cmyk")
      : picture.removeAlpha().toColourspace("srgb");
    const { data, info } = await decoded.raw({ depth: "uchar" }).toBuffer({
      resolveWithObject: true,
    });
    if (info.width !== header.width || info.height !== header.height) {
      throw new Error(`decoded to ${info.width} x ${info.height}`);
    }
    if (info.channels === 4) return cmykToRgb(data);
    return info.channels === 1 ? greyToRgb(data) : data;
  } catch (error) {
    throw undecodable(bytes, header, error);
  }
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * grey.length);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] as number, 3 * i, 3 * i + 3);
  return rgb;
}

/** Uncalibrated conversion: R = (1 - C) (1 - K), and so on. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const pixels = cmyk.length / 4;
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    const light = 255 - (cmyk[4 * i + 3] as number);
    for (let c = 0; c < 3; c++) {
      rgb[3 * i + c] = Math.round(((255 - (cmyk[4 * i + c] as number)) * light) / 255);
    }
  }
  return rgb;
}

const endMarkers = { jpeg: Buffer.from([0xff, 0xd9]), png: Buffer.from("IEND", "latin1") };

/** A file without JPEG's EOI or PNG's IEND behind its header was cut off; a thumbnail's own EOI lies before it. */
const hasEnd = (bytes: Uint8Array, { format, dataOffset }: ImageHeader) =>
  asBuffer(bytes).indexOf(endMarkers[format], dataOffset) >= 0;

function undecodable(bytes: Uint8Array, header: ImageHeader, cause: unknown): ScoringError {
  const name = header.format === "jpeg" ? "JPEG" : "PNG";
  return hasEnd(bytes, header)
    ? new ScoringError("IMAGE_CORRUPT", `The ${name}'s picture data is corrupt.`, { cause })
    : new ScoringError("IMAGE_TRUNCATED", `The ${name} is cut off before its end.`, { cause });
}
