import assert from "node:assert/strict";
import { orient } from "../../../scoring-image/src/imaging/pixels";
import { geometry, type ImageTransform } from "../../../scoring-image/src/imaging/transform";

const base: ImageTransform = {
  height: 224,
  width: 224,
  resize: { to: "shorterSide", pixels: 256, centre: "truncate" },
  kernel: "legacyBilinear",
  order: "RGB",
  mean: [0, 0, 0],
  scale: [1, 1, 1],
  layout: "NHWC",
  dtype: "float32",
};
const torchvision: ImageTransform = {
  ...base,
  resize: { to: "shorterSide", pixels: 256, centre: "round" },
};

describe("imaging/transform", () => {
  // 427 x 256/427 is 255.99999 in float32: the reference loses a row here, torchvision does not.
  const cuts: [what: string, ImageTransform, size: [number, number], expected: number[]][] = [
    ["the reference's float32 rounding", base, [640, 427], [383, 255, 79, 15]],
    ["the reference's truncation", base, [451, 300], [384, 256, 80, 16]],
    ["torchvision's rounding to even", torchvision, [640, 427], [383, 256, 80, 16]],
    ["a portrait", torchvision, [300, 451], [256, 384, 16, 80]],
    ["a square", base, [256, 256], [256, 256, 16, 16]],
  ];
  for (const [what, transform, [width, height], expected] of cuts) {
    it(`cuts by ${what}`, () => {
      const cut = geometry(transform, width, height);
      assert.deepEqual([cut.resizedWidth, cut.resizedHeight, cut.left, cut.top], expected);
    });
  }

  it("turns a picture upright by each of the eight orientations", () => {
    // Stored pixels a b / c d / e f, two wide and three high; EXIF says how to look at them.
    const stored = Uint8Array.from(
      [..."abcdef"].flatMap((name) => Array<number>(3).fill(name.charCodeAt(0))),
    );
    const seen = ([1, 2, 3, 4, 5, 6, 7, 8] as const).map((orientation) => {
      const { data, width, height, origin, strideX, strideY } = orient(stored, 2, 3, orientation);
      const rows = Array.from({ length: height }, (_, y) =>
        Array.from({ length: width }, (_, x) =>
          String.fromCharCode(data[origin + x * strideX + y * strideY] as number),
        ).join(""),
      );
      return rows.join("/");
    });
    assert.deepEqual(seen, [
      "ab/cd/ef",
      "ba/dc/fe",
      "fe/dc/ba",
      "ef/cd/ab",
      "ace/bdf",
      "eca/fdb",
      "fdb/eca",
      "bdf/ace",
    ]);
  });
});
