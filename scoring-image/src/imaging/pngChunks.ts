import { ScoringError } from "../errors";
import { maxHeaderSteps } from "./bounds";

/** Bytes of a PNG's signature and its IHDR chunk. */
export const pngHeaderBytes = 33;

/** Chunk types as big-endian numbers. */
export const chunkType = {
  ihdr: 0x49484452,
  trns: 0x74524e53,
  exif: 0x65584966,
  iend: 0x49454e44,
  text: 0x74455874,
  compressedText: 0x7a545874,
  internationalText: 0x69545874,
} as const;

/**
 * Visits the chunks between IHDR and IEND in their order. One that is cut off ends the walk; the decoder says what is missing.
 * @param visit takes a chunk's type, the offset of its length and the offset behind its check sum
 * @throws ScoringError IMAGE_TOO_LARGE when there are more than `maxHeaderSteps`
 */
export function walkChunks(
  view: DataView,
  visit: (type: number, start: number, end: number) => void,
): void {
  let at = pngHeaderBytes;
  for (let steps = 1; at + 12 <= view.byteLength; steps++) {
    if (steps > maxHeaderSteps) {
      const message = `The PNG has more than ${maxHeaderSteps} chunks; save it with larger ones.`;
      throw new ScoringError("IMAGE_TOO_LARGE", message);
    }
    const type = view.getUint32(at + 4);
    const end = at + 12 + view.getUint32(at);
    if (type === chunkType.iend || end > view.byteLength) return;
    visit(type, at, end);
    at = end;
  }
}

const textTypes: readonly number[] = [
  chunkType.text,
  chunkType.compressedText,
  chunkType.internationalText,
];

/**
 * A PNG without its texts, which nobody reads here but libpng would inflate and keep: 785 kB of them to 2 GB.
 * @returns `bytes` themselves when it has none
 */
export function withoutTexts(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  walkChunks(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), (type, start, end) => {
    if (!textTypes.includes(type)) return;
    kept.push(bytes.subarray(from, start));
    from = end;
  });
  if (from === 0) return bytes;
  return Buffer.concat([...kept, bytes.subarray(from)]);
}
