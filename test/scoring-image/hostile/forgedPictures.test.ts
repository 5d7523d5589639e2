import assert from "node:assert/strict";
import sharp from "../../../scoring-image/node_modules/sharp";
import { blackPng, manyScansJpeg } from "../../../scoring-image/hostile/forgedPictures";

/** What another decoder finds, which takes no warning. */
async function seen(picture: Buffer) {
  const image = sharp(picture, { failOn: "warning" });
  const { format, width, height, channels, depth, isProgressive } = await image.metadata();
  const { channels: values } = await image.stats();
  const range = values.map(({ min, max }) => [min, max]);
  return { format, width, height, channels, depth, isProgressive, range };
}

describe("hostile/forgedPictures", () => {
  it("makes a whole PNG of any shape", async () => {
    assert.deepEqual(await seen(blackPng({ width: 1, height: 9, depth: 8, colours: "grey" })), {
      ...{ format: "png", width: 1, height: 9, channels: 1, depth: "uchar" },
      ...{ isProgressive: false, range: [[0, 0]] },
    });
    const { channels, depth } = await seen(
      blackPng({ width: 9, height: 2, depth: 16, colours: "rgba" }),
    );
    assert.deepEqual([channels, depth], [4, "ushort"]);
  });

  it("makes a whole progressive JPEG of as many scans as asked for", async () => {
    for (const side of [1024, 1800]) {
      assert.deepEqual(await seen(manyScansJpeg(side, 7)), {
        ...{ format: "jpeg", width: side, height: side, channels: 1, depth: "uchar" },
        ...{ isProgressive: true, range: [[128, 128]] },
      });
    }
    const scans = (picture: Buffer) =>
      picture.toString("latin1").split("\xff\xda\x00\x08").length - 1;
    assert.equal(scans(manyScansJpeg(1024, 40)), 40);
  });
});
