/** Part of `npm run verify:conversion`: what `quantize` reports, counted again by the server's own runtime. Needs Python. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { InferenceSession, Tensor } from "../../scoring-image/node_modules/onnxruntime-node";
import type { Pixels } from "../../scoring-image/src/imaging/pixels";
import { Resampler } from "../../scoring-image/src/imaging/resampler";
import { softmax } from "../../scoring-image/src/inference/classification";
import { readModelPackage } from "../../scoring-image/src/model/modelPackage";
import { readPhotographs } from "../../scripts/model/pictureTensors";
import { viewSeed } from "../../scripts/model/quantize";
import { seededRandom, viewsOf } from "../../scripts/model/views";
import { bundledModel, samples } from "../support/paths";
import { temporaryFolder } from "../support/temporaryFolder";
import { model } from "./tools";

interface Measured {
  readonly views: number;
  readonly top1Agreement: number;
  readonly largestProbabilityShift: number;
}

interface Report {
  readonly layers: number;
  readonly int8Layers: number;
  readonly bytes: { readonly original: number; readonly int8: number };
  readonly speedRatio: number;
  readonly check: Measured;
}

/** Probabilities of pictures by a package's graph. */
async function probabilities(folder: string, pictures: readonly Pixels[]): Promise<Float64Array[]> {
  const { file, input, outputs } = readModelPackage(folder);
  const session = await InferenceSession.create(file);
  const { transform } = input;
  const resampler = new Resampler(transform);
  const rows: Float64Array[] = [];
  for (const pixels of pictures) {
    const data = Float32Array.from(resampler.resample(pixels));
    const tensor = new Tensor("float32", data, [1, 3, transform.height, transform.width]);
    const answer = await session.run({ [input.name]: tensor });
    rows.push(softmax(answer[outputs[0]?.name as string]?.data as Float32Array));
  }
  await session.release();
  return rows;
}

describe("npm run model -- quantize", function () {
  this.timeout(1_200_000);

  it("makes a smaller package, and reports what another runtime counts on the same views", async () => {
    const target = path.join(temporaryFolder("int8"), "int8");
    const { status, json, said } = model(
      ...["quantize", bundledModel, "--calibrate", samples, "--package", target],
      // So low that all layers pass at once: the choice of layers takes minutes.
      ...["--views", "20", "--agreement", "0.3"],
    );
    assert.equal(status, 0, said);
    const { layers, int8Layers, bytes, check } = json as Report;
    assert.deepEqual([int8Layers, layers], [50, 50]);
    assert.equal(statSync(path.join(target, "model.onnx")).size, bytes.int8);
    assert(bytes.int8 < bytes.original);
    const kept = JSON.parse(readFileSync(path.join(target, "quantization.json"), "utf8")) as Report;
    assert.deepEqual(kept.check, check);

    const { photographs } = await readPhotographs([samples]);
    const pictures = photographs.map(({ pixels }) => pixels);
    const random = seededRandom(viewSeed);
    // The ranges were taken from the first views, the report from the next.
    const views = [...viewsOf(pictures, 4, random), ...viewsOf(pictures, 4, random)].slice(20);
    const original = await probabilities(bundledModel, views);
    const int8 = await probabilities(target, views);
    const best = (row: Float64Array) => row.indexOf(Math.max(...row));
    const agreeing = views.filter(
      (_, i) => best(original[i] as Float64Array) === best(int8[i] as Float64Array),
    );
    const shifts = original.map((row, i) =>
      Math.max(...row.map((value, k) => Math.abs(value - (int8[i]?.[k] as number)))),
    );
    assert.equal(check.views, 20);
    assert.equal(check.top1Agreement, agreeing.length / 20);
    const shift = Math.max(...shifts);
    assert(Math.abs(check.largestProbabilityShift - shift) < 1e-3, String(shift));
    assert(shift > 0.001, "the int8 model answers as the original: it is none");
    console.log(
      `      all layers in int8: top-1 agrees in ${agreeing.length} of 20 views, largest shift ${shift.toFixed(3)}`,
    );
  });
});
