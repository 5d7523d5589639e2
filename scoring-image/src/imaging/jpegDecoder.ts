import { decompressSync, FORMAT_GRAY, FORMAT_RGB } from "@julusian/jpeg-turbo";
import type { JpegHeader } from "./imageHeader";
import { withoutBrokenProfile } from "./jpegProfile";
import { greyToRgb } from "./pixels";

/**
 * Decodes a grey or RGB JPEG with libjpeg-turbo: about twice as fast as libvips, and it treats libjpeg's warnings as errors.
 * @param out memory for the RGB pixels
 * @returns `out`
 * @throws TypeError when the JPEG is truncated or corrupt
 */
export function decodeJpeg(bytes: Buffer, header: JpegHeader, out: Buffer): Uint8Array {
  const source = withoutBrokenProfile(bytes, header);
  if (!header.isLossless || header.channels !== 1) {
    return decompressSync(source, out, { format: FORMAT_RGB }).data;
  }
  // libjpeg-turbo does not convert the colours of a lossless JPEG, not even grey to RGB.
  const grey = out.subarray(2 * header.width * header.height);
  decompressSync(source, grey, { format: FORMAT_GRAY });
  return greyToRgb(grey, out);
}
