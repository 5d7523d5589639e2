import sharp from "sharp";
import type { ImageHeader } from "./imageHeader";
import { greyToRgb } from "./pixels";
import { withoutTexts } from "./pngChunks";

// Each thread that decodes has one picture at a time; libvips' own threads and cache would only compete with them.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a PNG or a CMYK JPEG with libvips to RGB.
 * @throws Error when it is truncated or corrupt
 */
export async function decodeWithSharp(bytes: Buffer, header: ImageHeader): Promise<Uint8Array> {
  const isCmyk = header.format === "jpeg";
  const picture = sharp(isCmyk ? bytes : withoutTexts(bytes), {
    failOn: "warning",
    ignoreIcc: true,
    // The header's bound was checked already; this guards against a decoder that reads the header differently.
    limitInputPixels: header.width * header.height,
  });
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
  return info.channels === 1 ? greyToRgb(data, new Uint8Array(3 * data.length)) : data;
}

/** Uncalibrated conversion in place: R = (1 - C) (1 - K), and so on. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const pixels = cmyk.length / 4;
  for (let i = 0; i < pixels; i++) {
    const light = 255 - (cmyk[4 * i + 3] as number);
    for (let c = 0; c < 3; c++) {
      cmyk[3 * i + c] = Math.round(((255 - (cmyk[4 * i + c] as number)) * light) / 255);
    }
  }
  return cmyk.subarray(0, 3 * pixels);
}
