import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Colour types of PNG and their channels. */
const colourTypes = { grey: { code: 0, channels: 1 }, rgba: { code: 6, channels: 4 } } as const;

export interface PngShape {
  readonly width: number;
  readonly height: number;
  /** Bits of a channel. */
  readonly depth: 8 | 16;
  readonly colours: keyof typeof colourTypes;
}

/** A whole black PNG. Its rows are compressed in one piece: as many bytes as the picture has are needed for a moment. */
export function blackPng({ width, height, depth, colours }: PngShape): Buffer {
  const { code, channels } = colourTypes[colours];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, code, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + (width * channels * depth) / 8));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** JPEG markers; ITU-T T.81 table B.1. */
const marker = { soi: 0xd8, eoi: 0xd9, sof2: 0xc2, dht: 0xc4, dqt: 0xdb, sos: 0xda } as const;

function segment(code: number, data: readonly number[]): Buffer {
  const length = data.length + 2;
  return Buffer.from([0xff, code, length >> 8, length & 255, ...data]);
}

/** A Huffman table whose only code, `0`, stands for `symbol`. */
const huffmanTable = (kind: number, symbol: number) =>
  segment(marker.dht, [kind << 4, 1, ...Array.from({ length: 15 }, () => 0), symbol]);

/** Bits as entropy-coded bytes: filled up with ones, a zero byte behind each 0xff. */
function entropyCoded(bits: string): Buffer {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(
    bytes.map((byte) => parseInt(byte.padEnd(8, "1"), 2)).flatMap((b) => (b === 255 ? [b, 0] : b)),
  );
}

/** Longest run of blocks without coefficients that one symbol tells; T.81 G.1.2.2. */
const longestRun = 2 ** 15 - 1;

/** Bits for so many blocks without coefficients: runs of at least 2^14 blocks, each a code and 14 bits. */
function emptyBlocks(blocks: number): string {
  const runs = Math.ceil(blocks / longestRun);
  const each = Math.floor(blocks / runs);
  return Array.from({ length: runs }, (_, i) => {
    const run = i < blocks - each * runs ? each + 1 : each;
    return `0${(run - 2 ** 14).toString(2).padStart(14, "0")}`;
  }).join("");
}

const scan = (first: number, last: number) => segment(marker.sos, [1, 1, 0, first, last, 0]);

/**
 * A whole grey progressive JPEG whose scans say again and again that all coefficients are zero. A decoder walks all blocks for each.
 * @param side in pixels; at least 1,024, for there to be 2^14 blocks
 */
export function manyScansJpeg(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const again = Buffer.concat([scan(1, 63), entropyCoded(emptyBlocks(blocks))]);
  const sides = [side >> 8, side & 255, side >> 8, side & 255];
  return Buffer.concat([
    Buffer.from([0xff, marker.soi]),
    segment(marker.dqt, [0, ...Array.from({ length: 64 }, () => 1)]),
    segment(marker.sof2, [8, ...sides, 1, 1, 0x11, 0]),
    huffmanTable(0, 0),
    huffmanTable(1, 0xe0),
    scan(0, 0),
    entropyCoded("0".repeat(blocks)),
    ...Array.from({ length: scans - 1 }, () => again),
    Buffer.from([0xff, marker.eoi]),
  ]);
}
