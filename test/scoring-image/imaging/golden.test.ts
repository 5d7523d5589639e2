import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { decodeImage } from "../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import { Resampler } from "../../../scoring-image/src/imaging/resampler";
import type { ImageTransform } from "../../../scoring-image/src/imaging/transform";
import { resolveTransform } from "../../../scoring-image/src/model/presets";
import { imageSchema } from "../../../scoring-image/src/model/schema";
import { fixtures, root } from "../../support/paths";

/** One expectation computed by TensorFlow or Pillow; tools/golden/README.md says how. */
interface GoldenCase {
  readonly image: string;
  readonly case: string;
  readonly preset: "reference" | "torchvision" | "stretch";
  readonly order?: "RGB" | "BGR";
  readonly scale?: number;
  readonly mean?: [number, number, number];
  readonly keepAspect?: boolean;
  readonly shape: [number, number, number];
  readonly start: number;
  readonly step: number;
  readonly sampledShape: [number, number, number];
  readonly offset: number;
  readonly count: number;
}

const golden = path.join(fixtures, "golden");
const { cases } = JSON.parse(readFileSync(path.join(golden, "presets.json"), "utf8")) as {
  cases: GoldenCase[];
};
const bytes = readFileSync(path.join(golden, "presets.f32"));
const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

function transformOf(golden: GoldenCase, layout: ImageTransform["layout"]): ImageTransform {
  const image = imageSchema.parse({
    preset: golden.preset,
    order: golden.order,
    mean: golden.mean,
    scale: golden.scale,
    preserveAspectRatio: golden.keepAspect,
  });
  const [height, width] = golden.shape;
  return resolveTransform(image, { height, width, layout }, "float32");
}

/** Mean and largest difference from the expectation, in units of 1/255 of the pixel range. */
async function difference(golden: GoldenCase, layout: ImageTransform["layout"]) {
  const transform = transformOf(golden, layout);
  const file = readFileSync(path.join(root, golden.image));
  const resampler = new Resampler(transform);
  const pixels = await decodeImage(file, readImageHeader(file, 1e7), (size) =>
    resampler.pixelBuffer(size),
  );
  const row = resampler.resample(pixels);
  const [height, width] = golden.shape;
  const [rows, columns] = golden.sampledShape;
  let sum = 0;
  let max = 0;
  for (let i = 0; i < rows * columns * 3; i++) {
    const c = i % 3;
    const x = golden.start + (Math.floor(i / 3) % columns) * golden.step;
    const y = golden.start + Math.floor(i / 3 / columns) * golden.step;
    const at = layout === "NCHW" ? (c * height + y) * width + x : (y * width + x) * 3 + c;
    const colour = transform.order === "RGB" ? c : 2 - c;
    const found = row[at] as number;
    const expected = values[golden.offset + i] as number;
    const error = Math.abs(found - expected) / (transform.scale[colour] as number);
    sum += error;
    max = Math.max(max, error);
  }
  return { mean: sum / (rows * columns * 3), max };
}

/**
 * Largest allowed mean and maximum difference in 1/255. The reference cases decode as TensorFlow does by default; Pillow decodes with the
 * accurate inverse DCT, where ours is the fast one.
 */
function bounds({ image, preset }: GoldenCase): { mean: number; max: number } {
  if (image.endsWith(".png")) return { mean: 0.01, max: preset === "torchvision" ? 1.01 : 0.02 };
  if (preset === "torchvision") return { mean: 1.1, max: 6 };
  if (/exif|cmyk/.test(image)) return { mean: 1.0, max: 6 };
  return { mean: 0.01, max: 0.5 };
}

describe("imaging against TensorFlow and Pillow", () => {
  for (const golden of cases.filter(({ image }) => !/gif|webp/.test(image))) {
    for (const layout of ["NCHW", "NHWC"] as const) {
      it(`${golden.case} of ${golden.image} as ${layout}`, async () => {
        const found = await difference(golden, layout);
        const allowed = bounds(golden);
        assert.ok(
          found.mean <= allowed.mean && found.max <= allowed.max,
          `differs by ${found.mean.toFixed(4)} on average, ${found.max.toFixed(3)} at most`,
        );
        if (process.env["SHOW_DIFFERENCES"]) {
          console.log(
            golden.case,
            golden.image,
            layout,
            found.mean.toFixed(4),
            found.max.toFixed(3),
          );
        }
      });
    }
  }
});
