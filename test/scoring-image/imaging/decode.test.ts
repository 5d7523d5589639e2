import assert from "node:assert/strict";
import { decodeImage } from "../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import { fixtureImage, plainJpeg, sample } from "../../support/pictures";

const decode = (bytes: Uint8Array) => decodeImage(bytes, readImageHeader(bytes, 1e7));

function overwrite(bytes: Uint8Array, from: number, to: number, value: number) {
  const changed = bytes.slice();
  changed.fill(value, from, to);
  return changed;
}

describe("imaging/decode", () => {
  const failures: [what: string, bytes: Uint8Array, code: string, message: RegExp][] = [
    [
      "a baseline JPEG cut off",
      sample("cat.jpg").subarray(0, 20_000),
      "IMAGE_TRUNCATED",
      /JPEG is cut off/,
    ],
    [
      "a JPEG without its end marker",
      sample("cat.jpg").subarray(0, -2),
      "IMAGE_TRUNCATED",
      /JPEG is cut off/,
    ],
    [
      "a progressive JPEG cut off",
      fixtureImage("progressive.jpg").subarray(0, 4000),
      "IMAGE_TRUNCATED",
      /JPEG is cut off/,
    ],
    [
      "a CMYK JPEG cut off",
      fixtureImage("cmyk.jpg").subarray(0, 5000),
      "IMAGE_TRUNCATED",
      /JPEG is cut off/,
    ],
    [
      "a PNG cut off",
      fixtureImage("rgb.png").subarray(0, 9000),
      "IMAGE_TRUNCATED",
      /PNG is cut off/,
    ],
    [
      "a JPEG with a corrupt scan",
      overwrite(sample("cat.jpg"), 15_000, 15_200, 0xff),
      "IMAGE_CORRUPT",
      /JPEG's picture data is corrupt/,
    ],
    [
      "a PNG with a corrupt chunk",
      overwrite(fixtureImage("rgb.png"), 5000, 5050, 0),
      "IMAGE_CORRUPT",
      /PNG's picture data is corrupt/,
    ],
  ];
  for (const [what, bytes, code, message] of failures) {
    it(`refuses ${what} as ${code}`, async () => {
      await assert.rejects(decode(bytes), { name: "ScoringError", code, message });
    });
  }

  it("ignores what follows the end marker", async () => {
    const jpeg = plainJpeg([200, 100, 50]);
    const followed = Uint8Array.from([...jpeg, 1, 2, 3]);
    const { data } = await decode(followed);
    assert.deepEqual([...data.subarray(0, 3)], [200, 100, 50]);
  });

  it("gives the three channels of a grey picture the same value", async () => {
    const { data } = await decode(fixtureImage("grey.jpg"));
    for (let i = 0; i < 3 * 160 * 120; i += 3) {
      assert.deepEqual([data[i + 1], data[i + 2]], [data[i], data[i]]);
    }
  });

  it("decodes a JPEG into the memory that it is given", async () => {
    const memory = Buffer.alloc(3 * 64 * 64);
    const bytes = plainJpeg([200, 100, 50]);
    const { data } = await decodeImage(bytes, readImageHeader(bytes, 1e7), (size) =>
      memory.subarray(0, size),
    );
    assert.equal(data.buffer, memory.buffer);
    assert.deepEqual([...memory.subarray(0, 3)], [200, 100, 50]);
  });

  it("decodes what lies in memory that threads share", async () => {
    for (const bytes of [plainJpeg([200, 100, 50]), fixtureImage("rgb.png")]) {
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      const [expected, found] = [await decode(bytes), await decode(shared)];
      assert.deepEqual(Buffer.from(found.data), Buffer.from(expected.data));
    }
  });
});
