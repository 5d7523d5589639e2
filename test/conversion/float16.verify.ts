/** Part of `npm run verify:conversion`: packages that compute in float16, counted and served by the server's own runtime. Needs Python. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Manifest } from "../../scoring-image/src/model/schema";
import { readPhotographs } from "../../scripts/model/pictureTensors";
import { progressOn } from "../../scripts/model/progress";
import { pythonEnvironment } from "../../scripts/model/python";
import { viewSeed, type Measured } from "../../scripts/model/smallerPackage";
import { seededRandom, viewsOf } from "../../scripts/model/views";
import { bundledModel, fixtures, root, samples } from "../support/paths";
import { killProcesses } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";
import { countAgain } from "./countedAgain";
import { inferAll, model, topFive } from "./tools";

interface Differences {
  readonly outputs: readonly { readonly name: string; readonly largestOfDeviation: number }[];
}

interface Report<Check = Measured> {
  readonly float32Operators: readonly string[];
  readonly bytes: { readonly original: number; readonly float16: number };
  readonly check: Check;
}

const read = (...parts: string[]) => readFileSync(path.join(...parts));

const manifestOf = (folder: string) =>
  JSON.parse(read(folder, "model.json").toString()) as Manifest;

/** What every float16 package says of itself. */
function assertFloat16(folder: string): void {
  const { precision, inputs, outputs, files } = manifestOf(folder);
  const dtypes = [...inputs, ...outputs].map(({ dtype }) => dtype);
  assert.deepEqual([precision, new Set(dtypes)], ["float16", new Set(["float32"])]);
  const hash = createHash("sha256").update(read(folder, "model.onnx")).digest("hex");
  assert.equal(files?.["model.onnx"], hash);
}

/** One where the picture enters, one where float32 begins again; more would round on the way. */
function castsOf(folder: string): number | undefined {
  const { json } = model("inspect", folder);
  return (json as { operators: Record<string, number> }).operators["Cast"];
}

describe("npm run model -- quantize --precision float16", function () {
  this.timeout(600_000);
  after(killProcesses);
  const target = path.join(temporaryFolder("float16"), "float16");

  it("makes a package, and reports what another runtime counts on the same views", async () => {
    const { status, json, said } = model(
      ...["quantize", bundledModel, "--precision", "float16", "--package", target],
      ...["--views", "100"],
    );
    assert.equal(status, 0, said);
    assertFloat16(target);
    const { float32Operators, bytes, check } = json as Report;
    assert.deepEqual(float32Operators, []);
    assert.equal(castsOf(target), 2);
    assert.equal(statSync(path.join(target, "model.onnx")).size, bytes.float16);
    const kept = JSON.parse(read(target, "quantization.json").toString()) as Report;
    assert.deepEqual(kept.check, check);

    const { photographs } = await readPhotographs([samples]);
    const pictures = photographs.map(({ pixels }) => pixels);
    const views = [...viewsOf(pictures, 20, seededRandom(viewSeed))];
    const { agreeing, shift } = await countAgain(bundledModel, target, views);
    assert.deepEqual([check.views, check.top1Agreement], [100, agreeing / 100]);
    assert(Math.abs(check.largestProbabilityShift - shift) < 1e-3, String(shift));
    assert(shift > 1e-4, "the float16 model answers as the original: it is none");
    console.log(
      `      top-1 agrees in ${agreeing} of 100 views, largest shift ${shift.toFixed(4)}`,
    );
  });

  it("is served by the CPU with the original's top-1 of the samples", async () => {
    const first = await inferAll(bundledModel, "efficientnet-lite0");
    const second = await inferAll(target, "float16");
    const best = (rows: number[][][]) => rows.map(([row]) => topFive(row as number[])[0]);
    assert.deepEqual(best(second.outputs), best(first.outputs));
  });

  it("refuses a package that computes in float16 already", () => {
    const { status, said } = model("quantize", target, "--precision", "float16");
    assert.deepEqual([status, said], [3, "float16 computes in float16 already"]);
  });

  it("refuses less agreement than was asked for, and makes nothing", () => {
    const other = path.join(temporaryFolder("float16"), "float16");
    // Views of which one changes its class: see docs/models.md.
    const { status, said } = model(
      ...["quantize", bundledModel, "--precision", "float16", "--package", other],
      ...["--agreement", "1"],
    );
    assert.equal(status, 3);
    assert.match(said, /^in float16 top-1 agrees in 99\.\d % of 300 views, less than 100\.0 %;/);
    assert.throws(() => statSync(other), { code: "ENOENT" });
  });
});

describe("npm run model -- convert --precision float16", function () {
  this.timeout(600_000);
  const source = path.join(fixtures, "saved-models", "deep-image-model");

  it("makes the package that the recipe of an image's build makes", async () => {
    const models = temporaryFolder("converted");
    const folder = path.join(models, "deep");
    const outputs = "softmax";
    const { status, json, said } = model(
      ...["convert", source, "--name", "deep", "--models", models, "--outputs", outputs],
      ...["--precision", "float16"],
    );
    assert.equal(status, 0, said);
    assertFloat16(folder);
    const { float32Operators, bytes, check } = (json as { float16: Report }).float16;
    // Its last operator: the answers leave the graph without a rounding to float16.
    assert.deepEqual(float32Operators, ["Softmax"]);
    // The third names the softmax's answers and changes nothing.
    assert.equal(castsOf(folder), 3);
    assert(bytes.float16 < 0.55 * bytes.original, JSON.stringify(bytes));
    console.log(
      `      top-1 agrees in ${100 * check.top1Agreement} %, largest shift ${check.largestProbabilityShift.toFixed(4)}`,
    );

    const built = path.join(models, "built");
    const recipe = { name: "deep", version: "1", outputs, precision: "float16" };
    const script = path.join(root, "scoring-image", "convert", "convert.py");
    execFileSync(
      await pythonEnvironment("tensorflow", progressOn()),
      [script, source, `--package=${built}`, `--recipe=${JSON.stringify(recipe)}`],
      { stdio: "ignore" },
    );
    assertFloat16(built);
    assert.deepEqual(manifestOf(built).files, manifestOf(folder).files);
  });

  it("compares all outputs of a model that does not classify", () => {
    const { status, json, said } = model(
      ...["convert", source, "--name", "deep", "--models", temporaryFolder("converted")],
      ...["--outputs", "fc1_1/Add:0", "--kinds", "features", "--precision", "float16"],
    );
    assert.equal(status, 0, said);
    const { outputs } = (json as { float16: Report<Differences> }).float16.check;
    const [{ name, largestOfDeviation } = { name: "", largestOfDeviation: NaN }] = outputs;
    assert.deepEqual([outputs.length, name], [1, "fc1_1/Add:0"]);
    assert(largestOfDeviation > 1e-5 && largestOfDeviation < 0.05, String(largestOfDeviation));
  });
});

describe("float16 of a detector's heads", function () {
  this.timeout(600_000);

  it("leaves in float32 what loses too much, and the input and outputs as they were", async () => {
    const script = path.join(root, "test", "conversion", "float16_heads.py");
    const text = execFileSync(
      await pythonEnvironment("onnx", progressOn()),
      [script, path.join(root, "scoring-image", "convert")],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    const { largestDifference, ...found } = JSON.parse(text) as { largestDifference: number };
    const [float16, float32] = ["float16", "float32"];
    assert.deepEqual(found, {
      computes: {
        ...{ Mul: float16, Conv: float16, Resize: float16, GlobalAveragePool: float16 },
        ...{ Reshape: float16, Slice: float16, Transpose: float16 },
        ...{ InstanceNormalization: float32, Softmax: float32, NonMaxSuppression: float32 },
      },
      dtypes: ["uint8", "float32", "int64"],
      sameSelection: true,
    });
    // Shares around 1/8: a step of float16 there is 1.2e-4.
    assert(largestDifference > 0 && largestDifference < 1.2e-4, String(largestDifference));
  });
});
