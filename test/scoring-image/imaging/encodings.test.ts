import assert from "node:assert/strict";
import { decodeImage } from "../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import { encoded, frame, ihdr, jpegSegments, pngChunks } from "../../support/pictures";

const [width, height] = [24, 16];

/** RGB of a picture as it is seen, row by row. */
async function pixelsOf(bytes: Uint8Array): Promise<number[]> {
  const pixels = await decodeImage(bytes, readImageHeader(bytes, 1e6));
  assert.deepEqual([pixels.width, pixels.height], [width, height]);
  const { data, origin, strideX, strideY } = pixels;
  const found: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = origin + x * strideX + y * strideY;
      found.push(...data.subarray(at, at + 3));
    }
  }
  return found;
}

const orientationOf = (bytes: Uint8Array) => readImageHeader(bytes, 1e6).orientation;

/** An EXIF block whose directory has an orientation behind `others` other entries, big-endian. */
function exifBlock(orientation: number, others = 0): Buffer {
  const block = Buffer.alloc(10 + 12 * (others + 1));
  block.write("MM\0*\0\0\0\b", "latin1");
  block.writeUInt16BE(others + 1, 8);
  for (let i = 0; i <= others; i++) block.writeUInt16BE(i < others ? 0x10f : 0x112, 10 + 12 * i);
  block.writeUInt16BE(orientation, 10 + 12 * others + 8);
  return block;
}

const jfif = [...Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1")];

/** Content of Adobe's segment. @param transform 0 for RGB, 1 for YCbCr */
const adobe = (transform: number) => [...Buffer.from("Adobe\0d\0\0\0\0", "latin1"), transform];

/** A frame header whose first channel has twice the samples of the others each way. */
function halved(): number[] {
  const content = frame(8, 8);
  content[7] = 0x22;
  return content;
}

const png = (...chunks: [string, Uint8Array][]) =>
  pngChunks(["IHDR", ihdr(8, 8, "rgb", 8)], ...chunks, ["IEND"]);

describe("imaging of rare encodings", () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    it(`turns a PNG upright by orientation ${orientation} of its eXIf chunk`, async () => {
      const expected = await pixelsOf(encoded("rgb.png"));
      assert.deepEqual(await pixelsOf(encoded(`exif-${orientation}.png`)), expected);
    });
  }

  it("takes the first of several eXIf chunks, in front of the picture data or behind it", () => {
    const [six, three] = [exifBlock(6), exifBlock(3)];
    assert.equal(orientationOf(png(["eXIf", six], ["eXIf", three], ["IDAT", three])), 6);
    assert.equal(orientationOf(png(["IDAT", three], ["eXIf", three], ["eXIf", six])), 3);
  });

  it("reads an eXIf chunk with JPEG's signature, and none behind the end", () => {
    const signed = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exifBlock(8)]);
    assert.equal(orientationOf(png(["eXIf", signed])), 8);
    assert.equal(orientationOf(png(["IEND", new Uint8Array()], ["eXIf", exifBlock(8)])), 1);
  });

  it("takes a PNG with a malformed eXIf chunk as it is stored", () => {
    assert.equal(orientationOf(png(["eXIf", Buffer.from("junk")])), 1);
    assert.equal(orientationOf(png(["eXIf", exifBlock(9)])), 1);
    assert.equal(orientationOf(png(["eXIf", exifBlock(6).subarray(0, 20)])), 1);
  });

  it("looks for the orientation among the first 1000 entries", () => {
    assert.equal(orientationOf(png(["eXIf", exifBlock(6, 999)])), 6);
    assert.equal(orientationOf(png(["eXIf", exifBlock(6, 1000)])), 1);
  });

  const lossless = [
    ["lossless-rgb.jpg", "rgb.png"],
    ["lossless-grey.jpg", "grey.png"],
    ["lossless-grey-ljpeg.jpg", "grey.png"],
  ] as const;
  for (const [file, original] of lossless) {
    it(`decodes ${file} to the pixels of ${original}`, async () => {
      assert.deepEqual(await pixelsOf(encoded(file)), await pixelsOf(encoded(original)));
    });
  }

  it("takes a lossless JPEG that does not say how its colours are stored for RGB", async () => {
    const named = encoded("lossless-rgb.jpg");
    const [adobe, frame, scan] = [2, 18, 67];
    for (let i = 0; i < 3; i++) {
      named[frame + 10 + 3 * i] = i + 1;
      named[scan + 5 + 2 * i] = i + 1;
    }
    const bytes = Uint8Array.from([...named.subarray(0, adobe), ...named.subarray(frame)]);
    assert.deepEqual(await pixelsOf(bytes), await pixelsOf(encoded("rgb.png")));
  });

  const unsupported: [what: string, bytes: Uint8Array][] = [
    ["YCbCr", jpegSegments([0xd8], [0xe0, jfif], [0xc3, frame(8, 8)], [0xda, [3]])],
    ["four channels", jpegSegments([0xd8], [0xc3, frame(8, 8, 4)], [0xda, [4]])],
    [
      "YCbCr by Adobe's segment",
      jpegSegments([0xd8], [0xee, adobe(1)], [0xc3, frame(8, 8)], [0xda, [3]]),
    ],
    ["halved colours", jpegSegments([0xd8], [0xc3, halved()], [0xda, [3]])],
  ];
  for (const [what, bytes] of unsupported) {
    it(`refuses a lossless JPEG of ${what} as one that it cannot decode`, () => {
      assert.throws(() => readImageHeader(bytes, 1e6), {
        code: "UNSUPPORTED_FORMAT",
        message:
          "A lossless JPEG is supported in grey or RGB alone; send this one as baseline JPEG or PNG.",
      });
    });
  }

  it("takes a lossless JPEG whose Adobe segment says RGB", () => {
    const bytes = jpegSegments([0xd8], [0xee, adobe(0)], [0xc3, frame(8, 8)], [0xda, [3]]);
    assert.equal(readImageHeader(bytes, 1e6).channels, 3);
  });

  for (const file of ["profile-behind-frame.jpg", "profile-twice.jpg"]) {
    it(`decodes ${file} as if it had no profile, and leaves its bytes alone`, async () => {
      const bytes = encoded(file);
      assert.deepEqual(await pixelsOf(bytes), await pixelsOf(encoded("no-profile.jpg")));
      assert.deepEqual(bytes, encoded(file));
    });
  }

  for (const [what, chunk] of [
    ["empty", [1, 1]],
    ["one of two", [1, 2, 9]],
    ["numbered 0", [0, 0, 9]],
  ] as const) {
    it(`passes over an ICC profile that is ${what}`, async () => {
      const plain = encoded("no-profile.jpg");
      const profile = jpegSegments([0xe2, [...Buffer.from("ICC_PROFILE\0"), ...chunk]]);
      const bytes = Uint8Array.from([0xff, 0xd8, ...profile, ...plain.subarray(2)]);
      assert.deepEqual(await pixelsOf(bytes), await pixelsOf(plain));
    });
  }
});
