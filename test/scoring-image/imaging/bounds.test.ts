import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { decodeImage } from "../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import type { JpegHeader } from "../../../scoring-image/src/imaging/imageHeader";
import { refuseManyScans } from "../../../scoring-image/src/imaging/jpegScans";
import { withoutTexts } from "../../../scoring-image/src/imaging/pngChunks";
import { fixtureImage, frame, ihdr, jpegSegments, pngChunks } from "../../support/pictures";

const million = 1_000_000;

/** A baseline JPEG of one scan. */
const jpeg = (width: number, height: number) =>
  jpegSegments([0xd8], [0xc0, frame(width, height)], [0xda, [3]]);

const png = (...[width, height, colours, depth]: Parameters<typeof ihdr>) =>
  pngChunks(["IHDR", ihdr(width, height, colours, depth)]);

function refusal(bytes: Uint8Array, maxPixels: number): string {
  try {
    readImageHeader(bytes, maxPixels);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, "IMAGE_TOO_LARGE");
    return message;
  }
  return "accepted";
}

describe("imaging/bounds of sides and memory", () => {
  it("takes sides of 65,500 pixels and no longer ones", () => {
    for (const make of [(w: number, h: number) => png(w, h, "grey", 1), jpeg]) {
      assert.equal(refusal(make(65_500, 1), million), "accepted");
      assert.equal(refusal(make(1, 65_500), million), "accepted");
      for (const [w, h] of [[65_501, 1] as const, [1, 65_501] as const]) {
        const message = `The picture has ${w} x ${h} pixels; this service takes at most 65500 on a side.`;
        assert.equal(refusal(make(w, h), million), message);
      }
    }
  });

  const forms: [colours: Parameters<typeof ihdr>[2], depth: number, bytes: number][] = [
    ["palette", 1, 3],
    ["grey", 16, 2],
    ["greyAlpha", 16, 4],
    ["rgb", 8, 3],
    ["rgba", 8, 4],
    ["rgb", 16, 6],
    ["rgba", 16, 8],
  ];
  for (const [colours, depth, bytes] of forms) {
    it(`counts ${bytes} bytes for a pixel of a PNG of ${depth}-bit ${colours}, and takes 4 for each allowed pixel`, () => {
      const most = Math.min(1000, Math.floor(4000 / bytes));
      assert.equal(readImageHeader(png(1, 1, colours, depth), 1000).bytesPerPixel, bytes);
      assert.equal(refusal(png(most, 1, colours, depth), 1000), "accepted");
      assert.match(refusal(png(most + 1, 1, colours, depth), 1000), /takes at most/);
    });
  }

  it("says how a picture takes less memory", () => {
    assert.equal(
      refusal(png(501, 1, "rgba", 16), 1000),
      "The picture has 501 x 1 pixels, of 8 bytes each while it is decoded; this service takes at most 500 of them. Send it smaller, or with 8 bits a channel.",
    );
    assert.equal(
      refusal(progressive(frame(667, 1)), 1000),
      "The picture has 667 x 1 pixels, of 6 bytes each while it is decoded; this service takes at most 666 of them. Send it smaller, or as a baseline JPEG of one scan.",
    );
  });

  it("counts a PNG's transparent colour as a channel, whatever stands in front of it", () => {
    const chunks = ["tRNS", "IDAT"].map((type): [string, Uint8Array] => [type, Buffer.alloc(6)]);
    const bytes = pngChunks(["IHDR", ihdr(1, 1, "rgb", 16)], ["eXIf", Buffer.alloc(9)], ...chunks);
    assert.equal(readImageHeader(bytes, million).bytesPerPixel, 8);
  });

  const texts = ["tEXt", "zTXt", "iTXt"].map((type): [string, Uint8Array] => [
    type,
    Buffer.from("Title\0\0any"),
  ]);
  const others: [string, Uint8Array][] = [
    ["gAMA", Buffer.alloc(4)],
    ["IDAT", Buffer.alloc(9)],
  ];
  const first: [string, Uint8Array] = ["IHDR", ihdr(8, 8, "rgb", 8)];

  it("hides a PNG's texts from its decoder, and nothing else", () => {
    const plain = Buffer.from(pngChunks(first, ...others, ["IEND"]));
    const texted = pngChunks(first, ...texts, ...others, ...texts, ["IEND"]);
    assert.deepEqual(withoutTexts(Buffer.from(texted)), plain);
    assert.equal(withoutTexts(plain), plain);
    const cut = plain.subarray(0, plain.length - 20);
    assert.equal(withoutTexts(cut), cut);
  });

  it("keeps none of the 200 MB that texts of a PNG would inflate to", async () => {
    const text = Buffer.concat([
      Buffer.from("Title\0\0"),
      deflateSync(Buffer.alloc(4 * million, "a")),
    ]);
    const picture = fixtureImage("rgb.png");
    const chunks = pngChunks(
      ...Array.from({ length: 50 }, (): [string, Uint8Array] => ["zTXt", text]),
    );
    const header = picture.subarray(0, 33);
    const bytes = Uint8Array.from([...header, ...chunks.subarray(8), ...picture.subarray(33)]);
    const before = process.memoryUsage.rss();
    const { data } = await decodeImage(bytes, readImageHeader(bytes, million));
    assert.ok(process.memoryUsage.rss() - before < 100 * million);
    const plain = await decodeImage(picture, readImageHeader(picture, million));
    assert.deepEqual(Buffer.from(data), Buffer.from(plain.data));
  });

  it("counts the coefficients of a JPEG of several scans", () => {
    const halved = frame(8, 8);
    halved[7] = 0x22;
    assert.equal(readImageHeader(progressive(frame(8, 8, 1)), million).bytesPerPixel, 2);
    assert.equal(readImageHeader(progressive(halved), million).bytesPerPixel, 3);
    assert.equal(readImageHeader(progressive(frame(8, 8, 4)), million).bytesPerPixel, 8);
    const split = jpegSegments([0xd8], [0xc0, frame(8, 8)], [0xda, [1]]);
    assert.equal(readImageHeader(split, million).bytesPerPixel, 6);
    assert.equal(readImageHeader(jpeg(8, 8), million).bytesPerPixel, 3);
  });

  it("reads 10,000 steps of a header and no more", () => {
    const comments = (count: number) =>
      Array.from({ length: count }, (): [number, number[]] => [0xfe, []]);
    const ofComments = (count: number) =>
      jpegSegments([0xd8], ...comments(count), [0xc0, frame(8, 8)], [0xda, [3]]);
    assert.equal(refusal(ofComments(9_998), million), "accepted");
    assert.match(refusal(ofComments(9_999), million), /^The JPEG has more than 10000 segments/);
    const filled = Uint8Array.from([0xff, 0xd8, ...Buffer.alloc(10_001, 0xff), ...jpeg(8, 8)]);
    assert.match(refusal(filled, million), /^The JPEG has more than 10000 segments/);
    const ofChunks = (count: number) =>
      pngChunks(
        ["IHDR", ihdr(8, 8, "rgb", 8)],
        ...Array.from({ length: count }, (): [string] => ["tEXt"]),
      );
    assert.equal(refusal(ofChunks(10_000), million), "accepted");
    assert.equal(
      refusal(ofChunks(10_001), million),
      "The PNG has more than 10000 chunks; save it with larger ones.",
    );
  });
});

/** A progressive JPEG whose picture data begins with `rest`. */
const progressive = (frameContent: number[], rest: readonly number[] = []) =>
  Uint8Array.from([
    ...jpegSegments([0xd8], [0xc2, frameContent], [0xda, [1, 1, 0, 0, 0, 0]]),
    ...rest,
  ]);

const scan = [...jpegSegments([0xda, [1, 1, 0, 1, 63, 0]])];
const scans = (count: number) => Array.from({ length: count }, () => scan).flat();

describe("imaging/bounds of a JPEG's scans", () => {
  /** Whether a picture of 8 x 8 with further bytes behind its first scan's header is taken. */
  function take(rest: readonly number[], maxPixels = million): boolean {
    const bytes = progressive(frame(8, 8, 1), rest);
    const header = readImageHeader(bytes, maxPixels) as JpegHeader;
    try {
      refuseManyScans(bytes, header);
      return true;
    } catch (error) {
      assert.match((error as Error).message, /^The JPEG has more than \d+ scans of 8 x 8 pixels/);
      return false;
    }
  }

  it("takes 100 scans and no more", () => {
    assert.ok(take(scans(99)));
    assert.ok(!take(scans(100)));
  });

  it("takes 20 scans of the largest picture, and as many more as a picture is smaller", () => {
    assert.ok(take(scans(19), 64));
    assert.ok(!take(scans(20), 64));
    assert.ok(take(scans(39), 128));
    assert.ok(!take(scans(40), 128));
  });

  it("counts nothing in segments, coded bytes and behind the end", () => {
    const comment = [...jpegSegments([0xfe, scans(5)])];
    const coded = [1, 0xff, 0, 0xda, 0xff, 0xd0, 0xff, 0xd7, 2];
    const end = [0xff, 0xd9, 0, 2];
    assert.ok(take([...coded, ...comment, ...scans(99), ...coded, ...end, ...scans(9)]));
    assert.ok(!take([...coded, ...comment, ...scans(100), ...end]));
  });

  it("misses no scan behind an end inside a segment, fill bytes or reserved markers", () => {
    const comment = [...jpegSegments([0xfe, [0xff, 0xd9]])];
    for (const before of [comment, [0xff], [0xff, 0xff], [0xff, 0x02], [0xff, 0xbf, 0xff, 0xd0]]) {
      assert.ok(take([...before, ...scans(99)]));
      assert.ok(!take([...before, ...scans(100)]));
    }
  });

  it("is content with whatever ends early", () => {
    for (const rest of [[], [0xff], [0xff, 0xda], [0xff, 0xda, 0xff], [0xff, 0xfe, 0xff, 0xff]]) {
      assert.ok(take(rest));
    }
  });

  it("refuses too many scans before it decodes, in CMYK too", async () => {
    for (const channels of [1, 3, 4]) {
      const bytes = progressive(frame(8, 8, channels), scans(100));
      await assert.rejects(decodeImage(bytes, readImageHeader(bytes, million)), {
        code: "IMAGE_TOO_LARGE",
        message: "The JPEG has more than 100 scans of 8 x 8 pixels; save it as baseline JPEG.",
      });
    }
  });

  it("counts the scans of an encoder, and none of a baseline JPEG", () => {
    const many = readImageHeader(fixtureImage("progressive.jpg"), million) as JpegHeader;
    assert.equal(many.maxScans, 100);
    // libjpeg's script for three channels has ten.
    refuseManyScans(fixtureImage("progressive.jpg"), { ...many, maxScans: 10 });
    assert.throws(() => refuseManyScans(fixtureImage("progressive.jpg"), { ...many, maxScans: 9 }));
    const one = readImageHeader(fixtureImage("baseline-420.jpg"), million) as JpegHeader;
    assert.equal(one.maxScans, 1);
  });

  for (const [what, pattern] of [
    ["coded 0xFF", [0xff, 0]],
    ["fill bytes", [0xff]],
    ["restart markers", [0xff, 0xd0]],
  ] as const) {
    it(`takes time linear in the bytes for ${what}`, () => {
      const msOf = (length: number) => {
        const bytes = Buffer.concat([progressive(frame(8, 8, 1)), Buffer.alloc(length)]);
        bytes.fill(Uint8Array.from(pattern), bytes.length - length);
        const header = readImageHeader(bytes, million) as JpegHeader;
        const times = [1, 2, 3, 4, 5].map(() => {
          const start = performance.now();
          refuseManyScans(bytes, header);
          return performance.now() - start;
        });
        return Math.min(...times);
      };
      msOf(100_000);
      const [little, much] = [msOf(500_000), msOf(8_000_000)];
      // Sixteen times the bytes; a quadratic walk would take 256 times as long, a busy machine a few times more than 16.
      assert.ok(much < 128 * little, `${little} ms became ${much} ms`);
    });
  }
});
