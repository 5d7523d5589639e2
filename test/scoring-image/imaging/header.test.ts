import assert from "node:assert/strict";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import { bomb, encoded, fixtureImage, frame, jpegSegments } from "../../support/pictures";

const megapixel = 1_000_000;
const text = (value: string) => Uint8Array.from(Buffer.from(value, "latin1"));

describe("imaging/header", () => {
  const pictures: [file: string, format: string, size: number[], channels: number][] = [
    ["baseline-420.jpg", "jpeg", [160, 120], 3],
    ["progressive.jpg", "jpeg", [160, 120], 3],
    ["grey.jpg", "jpeg", [160, 120], 1],
    ["cmyk.jpg", "jpeg", [96, 72], 4],
    ["odd-157x119.jpg", "jpeg", [157, 119], 3],
    ["rgb.png", "png", [96, 72], 3],
    ["rgba.png", "png", [96, 72], 4],
    ["grey-16.png", "png", [96, 72], 1],
  ];
  for (const [file, format, [width, height], channels] of pictures) {
    it(`reads format, size and channels of ${file}`, () => {
      const header = readImageHeader(fixtureImage(file), megapixel);
      assert.deepEqual(
        [header.format, header.width, header.height, header.channels, header.orientation],
        [format, width, height, channels, 1],
      );
    });
  }

  for (let orientation = 1; orientation <= 8; orientation++) {
    it(`reads EXIF orientation ${orientation}`, () => {
      const header = readImageHeader(fixtureImage(`exif-${orientation}.jpg`), megapixel);
      assert.equal(header.orientation, orientation);
    });
  }

  it("takes the first of several EXIF blocks", () => {
    const exif = (orientation: number) => [
      ...Buffer.from("Exif\0\0MM\0*\0\0\0\b\0\x01\x01\x12\0\x03\0\0\0\x01\0", "latin1"),
      ...[orientation, 0, 0],
    ];
    const scan = [1, 1, 0, 0, 63, 0];
    const bytes = jpegSegments(
      [0xd8],
      [0xc0, frame(8, 8, 1)],
      [0xe1, exif(6)],
      [0xe1, exif(3)],
      [0xda, scan],
    );
    assert.equal(readImageHeader(bytes, megapixel).orientation, 6);
  });

  const refused: [what: string, bytes: Uint8Array, code: string, message: RegExp][] = [
    ["an empty body", text(""), "NOT_AN_IMAGE", /^The body is empty/],
    ["JSON", text(' {"instances": []}'), "NOT_AN_IMAGE", /looks like JSON; send the raw bytes/],
    ["HTML", text("<!doctype html>"), "NOT_AN_IMAGE", /looks like HTML or XML/],
    ["noise", text("\x01\x02\x03"), "NOT_AN_IMAGE", /is not a picture; send the raw bytes/],
    [
      "WebP",
      fixtureImage("picture.webp"),
      "UNSUPPORTED_FORMAT",
      /^WebP is not supported; send JPEG or PNG/,
    ],
    ["GIF", fixtureImage("picture.gif"), "UNSUPPORTED_FORMAT", /^GIF is/],
    ["HEIC", text("\0\0\0\x18ftypheic\0\0\0\0"), "UNSUPPORTED_FORMAT", /^HEIC is/],
    ["AVIF", text("\0\0\0\x18ftypavif\0\0\0\0"), "UNSUPPORTED_FORMAT", /^AVIF is/],
    ["TIFF", text("II*\0\x08\0\0\0"), "UNSUPPORTED_FORMAT", /^TIFF is/],
    ["BMP", text(`BM${"\0".repeat(30)}`), "UNSUPPORTED_FORMAT", /^BMP is/],
    [
      "a JPEG of 12 bits",
      jpegSegments([0xd8], [0xc1, frame(8, 8, 3, 12)]),
      "UNSUPPORTED_FORMAT",
      /has 12 bits a channel/,
    ],
    [
      "a JPEG cut in its header",
      fixtureImage("baseline-420.jpg").subarray(0, 100),
      "IMAGE_TRUNCATED",
      /ends inside its header/,
    ],
    ["a JPEG of two bytes", Uint8Array.of(0xff, 0xd8), "IMAGE_TRUNCATED", /ends inside its header/],
    [
      "a JPEG without frame",
      jpegSegments([0xd8], [0xda, [1, 1, 0, 0, 63, 0]]),
      "IMAGE_CORRUPT",
      /no frame header/,
    ],
    [
      "a JPEG without scan",
      jpegSegments([0xd8], [0xc0, frame(8, 8)], [0xd9, []]),
      "IMAGE_CORRUPT",
      /it has no scan/,
    ],
    [
      "a JPEG of two frames",
      jpegSegments([0xd8], [0xc0, frame(8, 8)], [0xc2, frame(9, 9)]),
      "IMAGE_CORRUPT",
      /it has two frame headers/,
    ],
    [
      "a hierarchical JPEG",
      jpegSegments([0xd8], [0xde, frame(8, 8)]),
      "UNSUPPORTED_FORMAT",
      /^Hierarchical JPEG is not supported; send a baseline or progressive one\.$/,
    ],
    [
      "a hierarchical frame",
      jpegSegments([0xd8], [0xc5, frame(8, 8)]),
      "UNSUPPORTED_FORMAT",
      /^Hierarchical JPEG/,
    ],
    [
      "a lossless JPEG with arithmetic coding",
      jpegSegments([0xd8], [0xcb, frame(8, 8)]),
      "UNSUPPORTED_FORMAT",
      /^Lossless JPEG with arithmetic coding is not supported/,
    ],
    [
      "JPEG-LS",
      encoded("jpeg-ls.jpg"),
      "UNSUPPORTED_FORMAT",
      /^JPEG-LS is not supported; send JPEG or PNG\.$/,
    ],
    [
      "a JPEG of no height",
      jpegSegments([0xd8], [0xc0, frame(8, 0)]),
      "IMAGE_CORRUPT",
      /width or height is 0/,
    ],
    [
      "a PNG cut in its header",
      fixtureImage("rgb.png").subarray(0, 20),
      "IMAGE_TRUNCATED",
      /PNG ends inside its header/,
    ],
    [
      "a picture of 65500 x 65500",
      bomb,
      "IMAGE_TOO_LARGE",
      /65500 x 65500 pixels; this service takes at most 1000000/,
    ],
  ];
  for (const [what, bytes, code, message] of refused) {
    it(`refuses ${what} as ${code}`, () => {
      assert.throws(() => readImageHeader(bytes, megapixel), {
        name: "ScoringError",
        code,
        message,
      });
    });
  }

  it("ignores an EXIF block whose directory points outside of it", () => {
    const exif = [...Buffer.from("Exif\0\0MM\0*"), 0x7f, 0xff, 0xff, 0xff, 0, 0];
    const bytes = jpegSegments([0xd8], [0xe1, exif], [0xc0, frame(8, 8)], [0xda, [3]]);
    assert.equal(readImageHeader(bytes, megapixel).orientation, 1);
  });
});
