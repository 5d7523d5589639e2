import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { writeFallingBack, writeResNet } from "../../../scoring-image/gpu/models/packages";
import { resNet50, resNetNames } from "../../../scoring-image/gpu/models/resNet";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { cpuPlan, planOf, runRows, withLane } from "../../support/lanes";
import { temporaryFolder } from "../../support/temporaryFolder";

const side = 32;
const classes = 10;

/** Pictures of one colour and of noise. */
const pictures = [
  new Float32Array(3 * side * side).fill(1),
  Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i * i)),
];

/** Logits that a network of few channels gives to the pictures. */
async function logitsOf(precision: "float32" | "float16"): Promise<number[][]> {
  const modelFile = path.join(temporaryFolder("resnet"), "model.onnx");
  writeFileSync(modelFile, resNet50({ width: 4, side, classes, precision, seed: 7 }));
  const plan = planOf({
    ...{ modelFile, sizes: [1, 2], input: { name: resNetNames.input } },
    outputs: [{ name: resNetNames.output, shape: ["N", classes] }],
    transform: {
      ...{ width: side, height: side, layout: "NCHW", dtype: "float32", order: "RGB" },
      ...{ resize: { to: "stretch" }, kernel: "legacyBilinear" },
      ...{ mean: [0, 0, 0], scale: [1, 1, 1] },
    },
  });
  let logits: number[][] = [];
  await withLane(plan, (lane) => {
    logits = runRows(lane, pictures).map(([output]) => Array.from(output?.data ?? [], Number));
  });
  return logits;
}

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

describe("gpu/ models that are made on the spot", () => {
  it("give the same logits in float16 as in float32, and others to another picture", async () => {
    const [full, half] = [await logitsOf("float32"), await logitsOf("float16")];
    const [plain, noise] = full as [number[], number[]];
    assert.equal(plain.length, classes);
    const size = Math.max(...plain.map(Math.abs));
    assert(size > 0.1 && size < 10, String(size));
    const differences = full.map((logits, i) => largestDifference(logits, half[i] as number[]));
    assert(Math.max(...differences) < 0.01 * size, String(differences));
    assert(Math.max(...differences) > 0);
    assert(largestDifference(plain, noise) > 0.1 * size);
  });

  it("have ResNet-50's parameters", () => {
    const options = { side: 224, classes: 1000, precision: "float16", seed: 1 } as const;
    const { length } = resNet50({ width: 64, ...options });
    // torchvision's 25,557,032, of which 26,560 channels' scale and shift become one bias each.
    const parameters = 25_557_032 - 26_560;
    assert(length > 2 * parameters && length < 2 * parameters + 20_000, String(length));
  });

  it("are packages that the server reads and runs", async () => {
    const folder = temporaryFolder("packages");
    const model = readModelPackage(writeResNet(folder, "float16", 4));
    assert.deepEqual([model.name, model.precision], ["resnet50-float16", "float16"]);
    assert.equal(model.input.transform.kernel, "antialiasedBilinear");
    const picture = new Float32Array(3 * 224 * 224).fill(20);
    await withLane(cpuPlan(readModelPackage(writeFallingBack(folder)), [1]), (lane) => {
      const [features] = runRows(lane, [picture])[0] ?? [];
      // Weights of channel c are 3c, 3c + 1 and 3c + 2.
      assert.deepEqual(Array.from(features?.data ?? [], Number), [60, 240, 420, 600]);
    });
  });
});
