import assert from "node:assert/strict";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { checkGraph } from "../../../scoring-image/src/model/graph";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { bundledModel } from "../../support/paths";
import { tinyManifest, tinyPackage } from "../../support/tinyModel";

type TinyManifest = ReturnType<typeof tinyManifest>;

function refusal(
  change: (manifest: TinyManifest) => void,
  after?: (folder: string) => void,
): string {
  const manifest = tinyManifest("mean-colour");
  change(manifest);
  const folder = tinyPackage("mean-colour", manifest);
  after?.(folder);
  try {
    readModelPackage(folder);
  } catch (error) {
    assert.equal((error as Error).name, "ModelPackageError");
    return (error as Error).message.replaceAll(folder, "FOLDER");
  }
  return "accepted";
}

const output = (manifest: TinyManifest) => manifest.outputs[0] as TinyManifest["outputs"][number];
const input = (manifest: TinyManifest) => manifest.inputs[0] as TinyManifest["inputs"][number];
const nothing = () => undefined;
const reference = { preset: "reference" };

describe("model/modelPackage", () => {
  it("reads the bundled model", () => {
    const model = readModelPackage(bundledModel);
    const { name, version, input, outputs } = model;
    assert.deepEqual([name, version], ["efficientnet-lite0", "1"]);
    assert.deepEqual(input.shape, ["N", 3, 224, 224]);
    assert.deepEqual(input.transform, {
      layout: "NCHW",
      height: 224,
      width: 224,
      dtype: "float32",
      order: "RGB",
      kernel: "legacyBilinear",
      resize: { to: "shorterSide", pixels: 256, centre: "truncate" },
      mean: [127, 127, 127],
      scale: [1 / 128, 1 / 128, 1 / 128],
    });
    assert.equal(outputs[0]?.labels?.[289], "snow leopard, ounce, Panthera uncia");
  });

  const cases: [what: string, change: (manifest: TinyManifest) => void, message: string][] = [
    [
      "a missing field",
      (m) => delete (m as Partial<TinyManifest>).version,
      "FOLDER/model.json: version is missing",
    ],
    [
      "a wrong kind",
      (m) => (output(m).kind = "logit"),
      'FOLDER/model.json: outputs[0].kind is "logit": Invalid option: expected one of "probabilities"|"logits"|"features"|"detections"',
    ],
    [
      "an unknown preset",
      (m) => (input(m).image["preset"] = "imagenet"),
      'FOLDER/model.json: inputs[0].image.preset is "imagenet": Invalid option: expected one of "reference"|"torchvision"|"stretch"',
    ],
    [
      "an unknown field",
      (m) => Object.assign(m, { lables: [] }),
      'FOLDER/model.json: Unrecognized key: "lables"',
    ],
    [
      "a name in capitals",
      (m) => (m.name = "ResNet"),
      'FOLDER/model.json: name is "ResNet": must be lower-case letters, digits and hyphens',
    ],
    [
      "a shape that is no picture",
      (m) => (input(m).shape = ["N", 4, 8, 8]),
      'model.json: inputs[0].shape is ["N",4,8,8]: must be ["N",3,height,width] or ["N",height,width,3]',
    ],
    [
      "labels of the wrong number",
      (m) => (output(m).labels = ["red", "green"]),
      "model.json: outputs[0].labels has 2 entries, but outputs[0].shape has 3 classes",
    ],
    [
      "a label file that is not there",
      (m) => (output(m).labels = "classes.txt"),
      "FOLDER/classes.txt does not exist; MODEL_DIR must name a folder with model.onnx and model.json",
    ],
    [
      "a short side below the input",
      (m) => (input(m).image = { preset: "reference", shorterSide: 7 }),
      "model.json: inputs[0].image.shorterSide is 7: must be at least 8, the input's longest side",
    ],
    [
      "a short side of a picture that is stretched",
      (m) => (input(m).image = { ...reference, shorterSide: 9, preserveAspectRatio: false }),
      "FOLDER/model.json: inputs[0].image.shorterSide is 9: a picture is stretched to the input's size by preserveAspectRatio false; leave out one of the two",
    ],
    [
      "a short side beside the preset that stretches",
      (m) => (input(m).image = { preset: "stretch", shorterSide: 9 }),
      `FOLDER/model.json: inputs[0].image.shorterSide is 9: a picture is stretched to the input's size by the preset "stretch"; leave out one of the two`,
    ],
    [
      "an aspect ratio beside the preset that stretches",
      (m) => (input(m).image = { preset: "stretch", preserveAspectRatio: true }),
      'FOLDER/model.json: inputs[0].image.preserveAspectRatio is true: the preset "stretch" ignores the aspect ratio; leave this out or take another',
    ],
    [
      "a mean of a uint8 input",
      (m) => Object.assign(input(m), { dtype: "uint8", image: { ...reference, mean: 127 } }),
      "FOLDER/model.json: inputs[0].image.mean is 127: a uint8 input takes the pixels as they are; leave mean out and let the graph compute it",
    ],
    [
      "a scale of a uint8 input",
      (m) => Object.assign(input(m), { dtype: "uint8", image: { ...reference, scale: [1, 1, 2] } }),
      "FOLDER/model.json: inputs[0].image.scale is [1,1,2]: a uint8 input takes the pixels as they are; leave scale out and let the graph compute it",
    ],
    [
      "a name used twice",
      (m) => Object.assign(output(m), { aliases: ["mean"] }),
      'model.json: the tensor name or alias "mean" is used twice',
    ],
  ];
  it("takes a mean of 0 and a scale of 1 of a uint8 input, which change nothing", () => {
    const image = { preset: "reference", shorterSide: 9, mean: [0, 0, 0], scale: 1 };
    assert.equal(
      refusal((m) => Object.assign(input(m), { dtype: "uint8", image })),
      "accepted",
    );
  });

  for (const [what, change, message] of cases) {
    it(`refuses ${what}, naming the field`, () => {
      assert.equal(refusal(change), message);
    });
  }

  it("names all problems of model.json at once", () => {
    const message = refusal((manifest) => {
      manifest.schemaVersion = 2;
      manifest.version = "v1";
    });
    assert.equal(
      message,
      'FOLDER/model.json: schemaVersion is 2: Invalid input: expected 1; version is "v1": must be a whole number in quotes, such as "1"',
    );
  });

  it("refuses a file whose content has changed", () => {
    const message = refusal(nothing, (folder) =>
      appendFileSync(path.join(folder, "model.onnx"), "x"),
    );
    assert.match(
      message,
      /^FOLDER\/model\.onnx has sha256 [0-9a-f]{64}, but model\.json says [0-9a-f]{64};/,
    );
  });

  it("refuses a folder without model.json", () => {
    const message = refusal(nothing, (folder) => rmSync(path.join(folder, "model.json")));
    assert.equal(
      message,
      "FOLDER/model.json does not exist; MODEL_DIR must name a folder with model.onnx and model.json",
    );
  });

  it("refuses a model.json that is not JSON", () => {
    const message = refusal(nothing, (folder) =>
      writeFileSync(path.join(folder, "model.json"), "{"),
    );
    assert.match(message, /^FOLDER\/model\.json is not JSON: /);
  });
});

describe("model/graph", () => {
  const model = readModelPackage(tinyPackage("mean-colour"));
  const image = { name: "image", dtype: "float32", shape: ["N", 3, 8, 8] };
  const mean = { name: "mean", dtype: "float32", shape: ["N", 3] };
  const origin = { holder: "the graph", where: "model.onnx" };

  const disagreements: [what: string, inputs: object[], outputs: object[], message: RegExp][] = [
    [
      "another input name",
      [{ ...image, name: "x" }],
      [mean],
      /model\.json names the input "image", the graph has "x"/,
    ],
    [
      "another size",
      [{ ...image, shape: ["N", 3, 9, 9] }],
      [mean],
      /model\.json says input "image" is float32 \[N,3,8,8\], the graph says float32 \[N,3,9,9\]/,
    ],
    ["another dtype", [{ ...image, dtype: "uint8" }], [mean], /the graph says uint8 \[N,3,8,8\]/],
    [
      "a fixed batch",
      [{ ...image, shape: [1, 3, 8, 8] }],
      [mean],
      /says input "image" is float32 \[N,3,8,8\], the graph says float32 \[1,3,8,8\]/,
    ],
    [
      "a second input",
      [image, { ...image, name: "mask" }],
      [mean],
      /the graph also needs the input "mask" float32 \[N,3,8,8\]/,
    ],
    [
      "another output",
      [image],
      [{ ...mean, shape: ["N", 4] }],
      /says output "mean" is float32 \[N,3\], the graph says float32 \[N,4\]/,
    ],
  ];
  for (const [what, inputs, outputs, message] of disagreements) {
    it(`refuses a graph with ${what}, naming both sides`, () => {
      const graph = { ...origin, inputs, outputs } as Parameters<typeof checkGraph>[1];
      assert.throws(() => checkGraph(model, graph), { name: "ModelPackageError", message });
    });
  }

  it("lets model.json narrow what the graph leaves free, and leave outputs out", () => {
    const free = { ...image, shape: ["", 3, "", "w"] };
    assert.doesNotThrow(() =>
      checkGraph(model, { ...origin, inputs: [free], outputs: [mean, { ...mean, name: "y" }] }),
    );
  });
});
