/** Part of `npm run verify:conversion`: what `quantize` reports, counted again by the server's own runtime. Needs Python. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { readPhotographs } from "../../scripts/model/pictureTensors";
import { viewSeed } from "../../scripts/model/smallerPackage";
import { seededRandom, viewsOf } from "../../scripts/model/views";
import { bundledModel, samples } from "../support/paths";
import { temporaryFolder } from "../support/temporaryFolder";
import { tinyManifest, tinyPackage } from "../support/tinyModel";
import { countAgain } from "./countedAgain";
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
    const { agreeing, shift } = await countAgain(bundledModel, target, views);
    assert.equal(check.views, 20);
    assert.equal(check.top1Agreement, agreeing / 20);
    assert(Math.abs(check.largestProbabilityShift - shift) < 1e-3, String(shift));
    assert(shift > 0.001, "the int8 model answers as the original: it is none");
    console.log(
      `      all layers in int8: top-1 agrees in ${agreeing} of 20 views, largest shift ${shift.toFixed(3)}`,
    );
  });

  it("takes a package with weights beside its graph, and says when they are missing", () => {
    const output = { name: "mean", dtype: "float32", shape: ["N", 3], kind: "logits" };
    const source = tinyPackage("external", { ...tinyManifest("external"), outputs: [output] });
    assert.equal(model("hash", source).status, 0);
    const inspected = model("inspect", source);
    assert.equal(inspected.status, 0, inspected.said);
    const { bytes: inFiles, parameters } = inspected.json as Record<string, number>;
    const files = ["model.onnx", "model.onnx.data", "weights/branch.data"];
    const sizes = files.map((name) => statSync(path.join(source, name)).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.deepEqual([inFiles, parameters], [total, 10]);

    const target = path.join(temporaryFolder("int8"), "int8");
    const views = ["--calibrate", samples, "--views", "20", "--agreement", "0.3"];
    const { status, json, said } = model("quantize", source, "--package", target, ...views);
    assert.equal(status, 0, said);
    const { layers, int8Layers, bytes } = json as Report;
    assert.deepEqual([int8Layers, layers, bytes.original], [1, 1, total]);
    assert.equal(existsSync(path.join(target, "model.onnx.data")), false);

    rmSync(path.join(source, "model.onnx.data"));
    const without = model("quantize", source, "--package", `${target}-2`, ...views);
    assert.equal(without.status, 3);
    assert.match(without.said, /model\.onnx\.data does not exist, but model\.json lists it; /);
  });
});
