import assert from "node:assert/strict";
import type { Orientation } from "../../../scoring-image/src/imaging/imageHeader";
import { orient, type Pixels } from "../../../scoring-image/src/imaging/pixels";
import { Resampler, type RowData } from "../../../scoring-image/src/imaging/resampler";
import type { ImageTransform } from "../../../scoring-image/src/imaging/transform";
import { float16Bits } from "../../support/float16";
import { resamplePlainly } from "../../support/plainResampling";

const legacy: ImageTransform = {
  height: 13,
  width: 18,
  resize: { to: "shorterSide", pixels: 20, centre: "truncate" },
  kernel: "legacyBilinear",
  order: "RGB",
  mean: [123.68, 116.779, 103.939],
  scale: [1, 1 / 127.5, 1],
  layout: "NCHW",
  dtype: "float32",
};
const antialiased: ImageTransform = {
  ...legacy,
  resize: { to: "shorterSide", pixels: 20, centre: "round" },
  kernel: "antialiasedBilinear",
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  scale: [1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)],
};
const stretched = { resize: { to: "stretch" } } as const;
/** As many values as whole vectors: the kernel then writes rows in place. */
const whole = { width: 16, height: 16 };
const raw = { mean: [0, 0, 0], scale: [1, 1, 1], dtype: "uint8" } as const;

function noise(width: number, height: number, orientation: Orientation = 1): Pixels {
  const data = new Uint8Array(3 * width * height);
  let state = width * 65_537 + height;
  for (let i = 0; i < data.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223;
    // Many extremes: sums that are too large show there.
    data[i] = state >>> 30 === 0 ? 255 : (state >>> 20) & 255;
  }
  return orient(data, width, height, orientation);
}

/** The expectation in the row's own type. */
function stored(transform: ImageTransform, pixels: Pixels): RowData {
  const values = resamplePlainly(transform, pixels);
  if (transform.dtype === "float32") return Float32Array.from(values);
  if (transform.dtype === "uint8") return new Uint8Array(Uint8ClampedArray.from(values).buffer);
  return Uint16Array.from(values, (value) => float16Bits(Math.fround(value)));
}

function assertExact(transform: ImageTransform, pixels: Pixels, resampler: Resampler) {
  const expected = stored(transform, pixels);
  const found = resampler.resample(pixels);
  assert.equal(found.length, expected.length);
  const wrong = found.findIndex((value, i) => !Object.is(value, expected[i]));
  assert.equal(wrong, -1, `${wrong}: ${found[wrong]}, not ${expected[wrong]}`);
}

describe("imaging/resampler", () => {
  const transforms: [what: string, ImageTransform][] = [
    ["legacy bilinear", legacy],
    ["legacy bilinear in place", { ...legacy, ...whole }],
    ["legacy bilinear, stretched", { ...legacy, ...stretched, layout: "NHWC" }],
    ["legacy bilinear in whole numbers", { ...legacy, ...raw, order: "BGR" }],
    ["legacy bilinear in float16", { ...legacy, dtype: "float16", layout: "NHWC" }],
    ["antialiased bilinear", antialiased],
    ["antialiased bilinear in BGR", { ...antialiased, order: "BGR", layout: "NHWC" }],
    ["antialiased bilinear, stretched", { ...antialiased, ...stretched, ...whole }],
    ["antialiased bilinear in whole numbers", { ...antialiased, ...raw }],
    ["antialiased bilinear in float16", { ...antialiased, dtype: "float16" }],
  ];
  const sizes: [width: number, height: number][] = [
    ...([
      [61, 47],
      [33, 90],
      [20, 20],
      [9, 7],
      [1, 1],
      [2, 40],
      [300, 200],
    ] as const),
  ].map(([width, height]) => [width, height]);
  for (const [what, transform] of transforms) {
    it(`gives the very bits of ${what}, whatever size and orientation`, () => {
      const resampler = new Resampler(transform);
      for (const [i, [width, height]] of sizes.entries()) {
        for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
          if (i > 3 && orientation % 3 !== 0) continue;
          assertExact(transform, noise(width, height, orientation), resampler);
        }
      }
    });
  }

  it("rounds and bounds what it writes into a uint8 tensor", () => {
    const transform: ImageTransform = {
      ...{ ...legacy, ...stretched, height: 1, width: 2, layout: "NHWC" },
      ...{ dtype: "uint8", scale: [2, 0.5, 1], mean: [0, 0, 10] },
    };
    const pixels = orient(Uint8Array.from([200, 101, 5, 100, 103, 20]), 2, 1, 1);
    // Halves go to the even number: 50.5 and 51.5.
    assert.deepEqual([...new Resampler(transform).resample(pixels)], [255, 50, 0, 200, 52, 10]);
  });

  it("writes float16 below its normal range, up to infinity and of either sign", () => {
    const transform: ImageTransform = {
      ...{ ...antialiased, ...stretched, width: 16, height: 16, dtype: "float16" },
      ...{ mean: [128, 128, 100], scale: [1e-7, 3e-5, 700] },
    };
    const pixels = noise(16, 16);
    const found = new Resampler(transform).resample(pixels);
    assertExact(transform, pixels, new Resampler(transform));
    const subnormal = found.filter((bits) => (bits & 0x7fff) > 0 && (bits & 0x7fff) < 0x400);
    assert.ok(subnormal.length > 200, `${subnormal.length} subnormal values`);
    assert.ok(found.includes(0x7c00) && found.includes(0xfc00), "infinities");
  });

  it("takes pixels from its own memory, which it keeps", () => {
    const resampler = new Resampler(legacy);
    const { data, ...view } = noise(61, 47);
    const memory = resampler.pixelBuffer(data.length);
    memory.set(data);
    assertExact(legacy, { ...view, data: memory }, resampler);
    assert.equal(resampler.pixelBuffer(data.length).buffer, memory.buffer);
  });

  it("gives large pictures memory that it does not keep", () => {
    const resampler = new Resampler(antialiased);
    const { data, ...view } = noise(3000, 3000);
    const memory = resampler.pixelBuffer(data.length);
    memory.set(data);
    assertExact(antialiased, { ...view, data: memory }, resampler);
    const kept = resampler.resample(noise(61, 47)).buffer;
    assert.ok(kept.byteLength < 3_000_000, `${kept.byteLength} bytes`);
  });

  it("resamples a picture whose tables are larger than what it keeps of them", () => {
    const transform: ImageTransform = { ...antialiased, ...stretched, width: 2, height: 3 };
    const resampler = new Resampler(transform);
    assertExact(transform, noise(1, 200_000), resampler);
    assertExact(transform, noise(61, 47), resampler);
  });

  it("forgets the tables of other sizes when it has no more room for them", () => {
    const transform: ImageTransform = { ...antialiased, ...stretched, width: 2, height: 3 };
    const resampler = new Resampler(transform);
    for (let height = 20_000; height < 20_010; height++) {
      assertExact(transform, noise(2, height), resampler);
    }
    assertExact(transform, noise(2, 20_000), resampler);
  });
});
