import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AzureEnvironment } from "../../components/azureEnvironment";
import {
  listSources,
  readDeployedModel,
  servedModel,
  type DeployedModel,
} from "../../components/catalogue/modelSources";
import { imageFolder, loadSettings } from "../../settings";
import { statedModel } from "../../settings/modelRules";
import type { NodeSettings } from "../../settings/shape";
import { find, record, settled, type Recording } from "../support/pulumiMocks";
import { useConfig } from "../support/stack";
import { temporaryFolder } from "../support/temporaryFolder";

const stated = {
  modelVersion: 3,
  modelDescription: "Trained on our own photographs",
  modelTags: { team: "vision" },
  "conversion.input": "images:0",
  "conversion.outputs": "classifier/Softmax:0",
  "conversion.preset": undefined,
  "conversion.order": undefined,
  "conversion.mean": undefined,
  "conversion.scale": undefined,
  "conversion.detection": undefined,
  "conversion.precision": "float32",
} as const;

/** A models folder with a SavedModel and a frozen graph; their contents are not read before the image's build. */
function modelsFolder(content = "graph"): string {
  const folder = temporaryFolder("models");
  mkdirSync(path.join(folder, "ResNet_50", "variables"), { recursive: true });
  writeFileSync(path.join(folder, "ResNet_50", "saved_model.pb"), content);
  writeFileSync(path.join(folder, "ResNet_50", "variables", "variables.index"), "index");
  writeFileSync(path.join(folder, "frozen.pb"), content);
  return folder;
}

const hashless = (text: string) => text.replaceAll(/-[0-9a-f]{12}/g, "-HASH");

describe("a model that is converted", () => {
  let model: DeployedModel;
  let recording: Recording;
  let modelId: string;

  before(async () => {
    model = readDeployedModel(modelsFolder(), "ResNet_50", statedModel(stated));
    recording = await record("eastus", true);
    useConfig("eastus", { deployerIpRange: "203.0.113.7/32" });
    const environment = new AzureEnvironment("scoring", {
      settings: loadSettings(),
      nodes: loadSettings().nodes as NodeSettings,
      model,
      imageFolder,
      authorizedIpRanges: undefined,
    });
    await settled();
    modelId = await new Promise<string>((resolve) =>
      environment.registeredModel.modelId.apply(resolve),
    );
  });

  it("is found in the folder of models", () => {
    assert.deepEqual(listSources(modelsFolder()), ["ResNet_50", "frozen.pb"]);
  });

  it("is registered beside its source, each with files, store and tags of its own", () => {
    const models = recording.registrations.filter(({ name }) =>
      /^scoring-(converted-)?model(-|$)/.test(name),
    );
    assert.deepEqual(
      models
        .map(({ parent, type, name }) => `${parent} > ${type.split(":").at(-1)} ${hashless(name)}`)
        .sort(),
      [
        "AzureEnvironment scoring > RegisteredModel scoring-converted-model",
        "AzureEnvironment scoring > RegisteredModel scoring-model",
        "RegisteredModel scoring-converted-model > Blob scoring-converted-model-conversion.json-HASH",
        "RegisteredModel scoring-converted-model > BlobContainer scoring-converted-model-container",
        "RegisteredModel scoring-converted-model > Datastore scoring-converted-model-datastore",
        "RegisteredModel scoring-converted-model > ModelContainer scoring-converted-model-model",
        "RegisteredModel scoring-converted-model > ModelVersion scoring-converted-model-version-HASH",
        "RegisteredModel scoring-model > Blob scoring-model-saved_model.pb-HASH",
        "RegisteredModel scoring-model > Blob scoring-model-variables-variables.index-HASH",
        "RegisteredModel scoring-model > BlobContainer scoring-model-container",
        "RegisteredModel scoring-model > Datastore scoring-model-datastore",
        "RegisteredModel scoring-model > ModelContainer scoring-model-model",
        "RegisteredModel scoring-model > ModelVersion scoring-model-version-HASH",
      ],
    );
    const named = models
      .filter(({ type }) => type.endsWith("ModelVersion") || type.endsWith(":Datastore"))
      .map(({ inputs }) => hashless(`${String(inputs["name"])} ${String(inputs["version"])}`));
    assert.deepEqual(named.sort(), [
      "converted_models undefined",
      "models undefined",
      "resnet-50 3-HASH",
      "resnet-50-3-accelonnx 1-HASH",
    ]);
  });

  it("keeps the reference's dotted name and the source as tags", () => {
    assert.deepEqual(
      Object.entries(servedModel(model).tags).map(([key, value]) => [key, hashless(value)]),
      [
        ["team", "vision"],
        ["accelonnx", "resnet-50.3.accelonnx"],
        ["source", "resnet-50:3-HASH"],
      ],
    );
    assert.deepEqual(model.source.tags, { team: "vision", framework: "TensorFlow" });
    assert.match(modelId, /^resnet-50-3-accelonnx:1-[0-9a-f]{12}$/);
  });

  it("depends on its source as little as the source on it, and the image on both", () => {
    const belongs = (part: string) =>
      recording.registrations.filter(({ name }) => name.startsWith(part));
    for (const { name, options } of belongs("scoring-converted-model")) {
      assert(!options.dependencies.some((other) => other.startsWith("scoring-model")), name);
    }
    for (const { name, options } of belongs("scoring-model")) {
      assert(!options.dependencies.some((other) => other.startsWith("scoring-converted")), name);
    }
    const { dependencies } = find(recording, "scoringImage:ScoringImage").options;
    for (const part of ["scoring-model-version", "scoring-converted-model-version"]) {
      assert(
        dependencies.some((other) => other.startsWith(part)),
        `${part}: ${dependencies.join()}`,
      );
    }
  });

  it("reaches the image's build as a recipe, which the tag follows", () => {
    const { inputs } = find(recording, "image:Image");
    const { args } = inputs["build"] as { args: Record<string, string> };
    assert.equal(args["MODEL"], "efficientnet-lite0");
    assert.equal(args["CONVERT"], "yes");
    assert.deepEqual(JSON.parse(args["CONVERSION"] ?? ""), {
      name: "resnet-50",
      version: "3",
      description: "Trained on our own photographs",
      tag: ["team=vision"],
      input: "images:0",
      outputs: "classifier/Softmax:0",
    });
    assert.match(
      String(inputs["imageName"]),
      /^scoringcrabc123\.azurecr\.io\/scoring-image:[0-9a-f]{12}-resnet-50-3-accelonnx-cuda$/,
    );
  });

  it("gets another version when its source or its recipe changes", () => {
    const version = (folder: string, change: object = {}) =>
      servedModel(readDeployedModel(folder, "ResNet_50", statedModel({ ...stated, ...change })))
        .version;
    assert.equal(version(modelsFolder()), version(modelsFolder()));
    assert.notEqual(version(modelsFolder("other")), version(modelsFolder()));
    assert.notEqual(
      version(modelsFolder(), { "conversion.input": "x:0" }),
      version(modelsFolder()),
    );
  });

  it("computes in float16 where the stack says so, as another version", () => {
    const recipe = (precision: "float32" | "float16") =>
      readDeployedModel(
        modelsFolder(),
        "ResNet_50",
        statedModel({ ...stated, "conversion.precision": precision }),
      ).converted?.recipe;
    assert.deepEqual(recipe("float16"), { ...recipe("float32"), precision: "float16" });
    assert.equal(recipe("float32")?.precision, undefined);
  });

  it("may be one file, a frozen graph, and a detector", () => {
    const { source, converted } = readDeployedModel(
      modelsFolder(),
      "frozen.pb",
      statedModel({ ...stated, "conversion.detection": "reference" }),
    );
    assert.deepEqual([source.name, source.files], ["frozen", ["frozen.pb"]]);
    assert.equal(converted?.recipe.name, "frozen");
    assert.equal(converted.recipe.detection, "reference");
  });
});
