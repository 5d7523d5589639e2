import { readFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
// The server's packages are not those of the root, where the tests live.
import { compressSync, FORMAT_RGB } from "../../scoring-image/node_modules/@julusian/jpeg-turbo";
import sharp from "../../scoring-image/node_modules/sharp";
import { fixtures, samples } from "./paths";

/** A file of `test/fixtures/images` or `samples` as bytes of its own. */
export const fixtureImage = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(path.join(fixtures, "images", name)));

/** A file of `test/fixtures/encodings`. */
export const encoded = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(path.join(fixtures, "encodings", name)));

export const sample = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(path.join(samples, name)));

/** A JPEG of one colour, quality 100. */
export function plainJpeg(
  [r, g, b]: readonly [number, number, number],
  width = 16,
  height = 16,
): Uint8Array<ArrayBuffer> {
  const raw = Buffer.alloc(3 * width * height);
  for (let i = 0; i < raw.length; i += 3) raw.set([r, g, b], i);
  return Uint8Array.from(compressSync(raw, { format: FORMAT_RGB, width, height, quality: 100 }));
}

/** A JPEG's marker segments from their numbers and contents; lengths are added. */
export function jpegSegments(
  ...segments: readonly [marker: number, content?: readonly number[]][]
) {
  const bytes = segments.flatMap(([marker, content]) =>
    content
      ? [0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff, ...content]
      : [0xff, marker],
  );
  return Uint8Array.from(bytes);
}

/** Content of a start-of-frame segment. */
export const frame = (width: number, height: number, channels = 3, bits = 8): number[] => [
  bits,
  height >> 8,
  height & 0xff,
  width >> 8,
  width & 0xff,
  channels,
  ...Array.from({ length: channels }, (_, i) => [i + 1, 0x11, 0]).flat(),
];

/** A header that promises 65500 x 65500 pixels, followed by almost nothing. */
export const bomb = jpegSegments(
  [0xd8],
  [0xc0, frame(65500, 65500)],
  [0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]],
  [0xd9],
);

/** PNG's colour types, by their numbers. */
const colourTypes = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;

/** A PNG's signature and chunks; lengths and check sums are added. */
export function pngChunks(...chunks: readonly [type: string, content?: Uint8Array][]) {
  const parts = chunks.flatMap(([type, content = new Uint8Array()]) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    check.writeUInt32BE(crc32(body));
    return [length, body, check];
  });
  return Uint8Array.from(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]));
}

/** Content of an IHDR chunk. */
export function ihdr(
  width: number,
  height: number,
  colours: keyof typeof colourTypes,
  depth: number,
): Uint8Array {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width, 0);
  content.writeUInt32BE(height, 4);
  content[8] = depth;
  content[9] = colourTypes[colours];
  return content;
}

/** A PNG of noise that takes some hundred milliseconds to decode. */
export async function largePng(): Promise<Uint8Array<ArrayBuffer>> {
  const [width, height] = [3000, 2500];
  const raw = Buffer.alloc(3 * width * height);
  for (let i = 0; i < raw.length; i++) raw[i] = (i * 2654435761) >>> 24;
  const png = sharp(raw, { raw: { width, height, channels: 3 } }).png({ compressionLevel: 1 });
  return Uint8Array.from(await png.toBuffer());
}
