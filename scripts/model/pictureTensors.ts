import { closeSync, openSync, writeSync } from "node:fs";
import { findPictures } from "../../scoring-image/client/pictures";
import { decodeImage } from "../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../scoring-image/src/imaging/header";
import type { Pixels } from "../../scoring-image/src/imaging/pixels";
import { Resampler } from "../../scoring-image/src/imaging/resampler";
import type { ImageTransform } from "../../scoring-image/src/imaging/transform";
import { CommandFailure } from "./failure";

/** A picture that decoded strictly: its file, and its upright pixels in memory of its own. */
export interface Photograph {
  readonly file: string;
  readonly pixels: Pixels;
}

const maxPixels = 100_000_000;
const smallestSide = 64;

/**
 * Reads every picture of the given files and folders with the server's decoder; those that it refuses, and those below 64 pixels, which
 * show nothing, are left out and named.
 * @throws CommandFailure usage when nothing is left
 */
export async function readPhotographs(
  names: readonly string[],
): Promise<{ readonly photographs: Photograph[]; readonly leftOut: string[] }> {
  const photographs: Photograph[] = [];
  const leftOut: string[] = [];
  for (const { file, read } of asUsage(() => findPictures(names))) {
    const bytes = await read();
    try {
      const pixels = await decodeImage(bytes, readImageHeader(bytes, maxPixels));
      if (Math.min(pixels.width, pixels.height) < smallestSide) throw new Error("too small");
      photographs.push({ file, pixels });
    } catch (error) {
      leftOut.push(`${file}: ${(error as Error).message}`);
    }
  }
  if (photographs.length === 0) {
    throw new CommandFailure("usage", `no picture decodes in ${names.join(", ")}`);
  }
  return { photographs, leftOut };
}

function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CommandFailure("usage", (error as Error).message, { cause: error });
  }
}

/**
 * Writes pictures, prepared as the server prepares them, to an .npy file (NumPy's format 1.0) of [pictures, 3, h, w] or [pictures, h, w, 3].
 * @param pictures made one at a time, so that many views need little memory
 */
export function writeTensors(
  file: string,
  transform: ImageTransform,
  pictures: Iterable<Pixels>,
  count: number,
): void {
  const { height, width, layout, dtype } = transform;
  const shape = layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3];
  const descr = { float32: "<f4", uint8: "|u1", float16: "<f2" }[dtype];
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  // Magic, version and length take ten bytes; the whole is padded to a multiple of 64 and ends in a line feed.
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, "latin1");
  start.writeUInt16LE(padded.length, 8);
  const descriptor = openSync(file, "w");
  try {
    writeSync(descriptor, start);
    const resampler = new Resampler(transform);
    for (const pixels of pictures) {
      const { buffer, byteOffset, byteLength } = resampler.resample(pixels);
      writeSync(descriptor, new Uint8Array(buffer, byteOffset, byteLength));
    }
  } finally {
    closeSync(descriptor);
  }
}
