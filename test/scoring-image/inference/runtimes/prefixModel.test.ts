import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { decodeImage } from "../../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../../scoring-image/src/imaging/header";
import { Resampler } from "../../../../scoring-image/src/imaging/resampler";
import type { ImageTransform } from "../../../../scoring-image/src/imaging/transform";
import {
  float16Of,
  float32Of,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/float16";
import type { RowFormat } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import {
  prefixModel,
  prefixNames,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/prefixModel";
import type { RowData } from "../../../../scoring-image/src/inference/runtimes/runtime";
import { planOf, runRows, withLane } from "../../../support/lanes";
import { samples } from "../../../support/paths";
import { temporaryFolder } from "../../../support/temporaryFolder";

const torchvision: ImageTransform = {
  ...{ width: 224, height: 224, layout: "NCHW", dtype: "float32", order: "RGB" },
  resize: { to: "shorterSide", pixels: 256, centre: "round" },
  kernel: "antialiasedBilinear",
  mean: [123.675, 116.28, 103.53],
  scale: [1 / 58.395, 1 / 57.12, 1 / 57.375],
};
const plain = { mean: [0, 0, 0], scale: [1, 1, 1] } as const;
const bytes: ImageTransform = { ...torchvision, ...plain, layout: "NHWC", dtype: "uint8" };

/** A photograph as imaging prepares it. */
async function photograph(transform: ImageTransform, name = "cat.jpg"): Promise<RowData> {
  const file = readFileSync(path.join(samples, name));
  const pixels = await decodeImage(file, readImageHeader(file, 1e7));
  return new Resampler(transform).resample(pixels).slice();
}

/** Runs a prefix on the CPU. */
async function converted(rows: RowFormat, declared: RowFormat, pictures: readonly RowData[]) {
  const modelFile = path.join(temporaryFolder("prefix"), "prefix.onnx");
  writeFileSync(modelFile, prefixModel(rows, declared));
  let found: RowData[] = [];
  const plan = planOf({
    ...{ modelFile, sizes: [pictures.length], input: { name: prefixNames.input } },
    ...{ transform: rows, outputs: [{ name: prefixNames.output, shape: [] }] },
  });
  await withLane(plan, (runtime) => {
    found = runRows(runtime, pictures).map(([output]) => output?.data as RowData);
  });
  return found;
}

/** Number of values whose bits differ; -1 for other lengths or types. */
function differing(found: readonly RowData[], expected: readonly RowData[]): number {
  const bits = ({ buffer, byteOffset, byteLength }: RowData) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const counts = expected.map((row, i) => {
    const other = found[i];
    if (other?.constructor !== row.constructor || other.length !== row.length) return -1;
    const [a, b] = [bits(other), bits(row)];
    return a.reduce((sum, byte, at) => sum + Number(byte !== b[at]), 0);
  });
  return found.length === expected.length ? Math.max(...counts.map(Math.abs)) : -1;
}

describe("inference/runtimes/onnxRuntime prefix", () => {
  for (const order of ["RGB", "BGR"] as const) {
    for (const layout of ["NCHW", "NHWC"] as const) {
      it(`makes of bytes what imaging writes itself, bit by bit: ${order} ${layout}`, async () => {
        const declared = { ...torchvision, order, layout };
        const pictures: RowData[] = [];
        const expected: RowData[] = [];
        // One after the other: decoding uses one buffer a thread.
        for (const name of ["cat.jpg", "espresso.jpg"]) {
          pictures.push(await photograph({ ...bytes, order }, name));
          expected.push(await photograph(declared, name));
        }
        const found = await converted({ ...bytes, order }, declared, pictures);
        assert.equal(differing(found, expected), 0);
      });
    }
  }

  it("widens float16 exactly and moves channels", async () => {
    const half = { ...torchvision, dtype: "float16", layout: "NHWC" } as const;
    const values = await photograph({ ...torchvision, layout: "NHWC" });
    const rows = float16Of([...values]);
    const widened = float32Of(rows);
    const pixels = 224 * 224;
    const expected = Float32Array.from(
      { length: 3 * pixels },
      (_, i) => widened[(i % pixels) * 3 + Math.floor(i / pixels)] as number,
    );
    assert.equal(differing(await converted(half, torchvision, [rows]), [expected]), 0);
  });

  it("makes float16 of bytes, each value rounded once", async () => {
    const half = { ...torchvision, dtype: "float16" } as const;
    const found = await converted(bytes, half, [await photograph(bytes)]);
    const doubles = await photograph(bytes);
    const pixels = 224 * 224;
    const expected = Array.from({ length: 3 * pixels }, (_, i) => {
      const c = Math.floor(i / pixels) as 0 | 1 | 2;
      const byte = doubles[(i % pixels) * 3 + c] as number;
      return (byte - torchvision.mean[c]) * torchvision.scale[c];
    });
    assert.equal(differing(found, [float32Of(float16Of(expected))]), 0);
  });

  it("refuses what it cannot convert", () => {
    const refused = (rows: RowFormat, declared: RowFormat, why: RegExp) =>
      assert.throws(() => prefixModel(rows, declared), why);
    refused({ ...bytes, width: 8 }, torchvision, /other size/);
    refused({ ...bytes, order: "BGR" }, torchvision, /other order of channels/);
    refused(torchvision, { ...bytes }, /values are no bytes/);
    refused({ ...bytes, mean: [1, 0, 0] }, torchvision, /bytes that are normalised/);
  });
});

describe("inference/runtimes/onnxRuntime float16", () => {
  it("has IEEE 754's numbers", () => {
    const numbers = [
      ...([
        [0, 0],
        [-0, 0x8000],
        [1, 0x3c00],
        [-2, 0xc000],
        [65504, 0x7bff],
      ] as const),
      ...([
        [2 ** -24, 1],
        [2 ** -14, 0x400],
        [1023 * 2 ** -24, 0x3ff],
      ] as const),
      ...([
        [Infinity, 0x7c00],
        [-Infinity, 0xfc00],
        [1 / 3, 0x3555],
      ] as const),
      // Halfway between two: the even one. Too large: infinite.
      ...([
        [1 + 2 ** -11, 0x3c00],
        [1 + 3 * 2 ** -11, 0x3c02],
        [65520, 0x7c00],
      ] as const),
    ];
    for (const [value, bits] of numbers)
      assert.deepEqual([...float16Of([value])], [bits], `${value}`);
    assert.ok(Number.isNaN(float32Of(float16Of([NaN]))[0]));
  });

  it("comes back from its bits, every one of them", () => {
    const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter(
      (bits) => (bits & 0x7fff) <= 0x7c00,
    );
    assert.equal(differing([float16Of([...float32Of(all)])], [all]), 0);
  });
});
