/** Part of `npm run verify:conversion`: SSDs with a VGG-16 at their full size, against torchvision and TensorFlow. Minutes; needs Python. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { Detection } from "../../scoring-image/src/inference/detections";
import { differences, type GoldenBox } from "../support/detectors";
import { killProcesses } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";
import { detectorScript, type DetectorSource } from "./detectorScript";
import {
  deviation,
  inferAll,
  largestDifference,
  model,
  photographs,
  serving,
  tensorsFor,
} from "./tools";

const tolerance = 1e-4;

const readJson = <T>(...parts: string[]): T =>
  JSON.parse(readFileSync(path.join(...parts), "utf8")) as T;

/** Rows of a file of float32, one a picture. */
function rowsOf(file: string, pictures: number): number[][] {
  const values = new Float32Array(Uint8Array.from(readFileSync(file)).buffer);
  const length = values.length / pictures;
  return Array.from({ length: pictures }, (_, i) =>
    Array.from(values.subarray(i * length, (i + 1) * length)),
  );
}

/** The reference's network, from its frozen graph. */
function convertReference(folder: string): string {
  const wanted = readJson<{ outputs: { name: string }[]; detection: object }>(
    folder,
    ...["reference", "model.json"],
  );
  const outputs = wanted.outputs.map(({ name }) => name);
  const { status, said } = model(
    ...["convert", path.join(folder, "reference.pb"), "--name", "ssd-vgg", "--models", folder],
    ...["--input", "InputImage:0", "--outputs", outputs.join(",")],
    ...["--preset", "reference", "--detection", "reference"],
  );
  assert.equal(status, 0, said);
  const made = path.join(folder, "ssd-vgg");
  const { detection, inputs } = readJson<{ detection: object; inputs: { image: object }[] }>(
    made,
    "model.json",
  );
  assert.deepEqual(detection, wanted.detection);
  assert.deepEqual(inputs[0]?.image, { preset: "reference", preserveAspectRatio: false });
  return made;
}

describe("detectors at their full size", function () {
  this.timeout(1_800_000);
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder("detectors");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  after(killProcesses);

  const packages: Record<DetectorSource, () => { made: string; name: string }> = {
    torchvision: () => ({ made: path.join(folder, "torchvision"), name: "torchvision-full" }),
    reference: () => ({ made: convertReference(folder), name: "ssd-vgg" }),
  };

  for (const source of ["torchvision", "reference"] as const) {
    it(`${source}: raw heads and boxes equal the framework's`, async () => {
      await detectorScript(source, "--full", folder);
      const { made, name } = packages[source]();
      const shapes = path.join(folder, "shapes.png");
      const pictures = [shapes, ...photographs];
      const tensors = path.join(folder, "pictures.npy");
      await tensorsFor(made, tensors, pictures);
      await detectorScript(source, "--full", folder, "--answer", tensors);
      const served = await inferAll(made, name, pictures);
      const heads = source === "torchvision" ? 2 : 12;
      const found: number[] = [];
      for (let head = 0; head < heads; head++) {
        const expected = rowsOf(path.join(folder, `answer.${head}.f32`), pictures.length);
        const rows = served.outputs.map((outputs) => outputs[head] ?? []);
        found.push(largestDifference(rows, expected) / deviation(expected));
        const apart = largestDifference([expected[1] ?? []], [expected[2] ?? []]);
        assert(apart > 0.1 * deviation(expected), "two photographs give the same head");
      }
      for (const difference of found) assert(difference <= tolerance, String(found));

      const golden = readJson<GoldenBox[]>(folder, `${source}.json`);
      const { value: boxes } = await serving(made, async ({ url }) => {
        const response = await fetch(`${url}/score`, {
          method: "POST",
          body: readFileSync(shapes),
        });
        return ((await response.json()) as Detection[][])[0] ?? [];
      });
      assert(golden.length > 0);
      assert.equal(boxes.length, golden.length);
      const { score, pixels } = differences(boxes, golden);
      assert(score < 1e-4 && pixels < 0.01, `${score}, ${pixels}`);
      console.log(
        `      ${source}: heads within ${Math.max(...found).toExponential(1)} of their deviation; ${golden.length} boxes within ${pixels.toExponential(1)} pixels, scores within ${score.toExponential(1)}; a picture ${served.milliseconds.toFixed(0)} ms, ${served.memoryMb} MB`,
      );
    });
  }
});
