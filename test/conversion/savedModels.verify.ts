/** Part of `npm run verify:conversion`: published SavedModels, in the folder that the variable SAVED_MODELS names. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, truncateSync } from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../support/temporaryFolder";
import { model, python } from "./tools";

const folder = process.env["SAVED_MODELS"] ?? "";

describe("conversion of published SavedModels", function () {
  this.timeout(600_000);
  before(function () {
    if (folder === "") {
      console.log("      skipped: SAVED_MODELS names no folder (CONTRIBUTING.md)");
      this.skip();
    }
  });
  const from = (...parts: string[]) => path.join(folder, ...parts);

  for (const [name, version, tensors, output] of [
    ["deep_image_model", "1", "map/TensorArrayStack/TensorArrayGatherV3:0,32,32,3", "Softmax:0"],
    ["mnist_conv_model", "", "Features:0,28,28,1", "Prediction:0"],
  ] as const) {
    it(`${name} equals TensorFlow and an independent conversion`, async () => {
      const models = temporaryFolder("converted");
      const { status, said } = model(
        ...["convert", from(name, version), "--name", "converted", "--models", models],
        ...["--outputs", output],
      );
      assert.equal(status, 0, said);
      const files = [
        path.join(models, "converted", "model.onnx"),
        from("reference-onnx", `${name}.ref.onnx`),
      ];
      const differences = JSON.parse(
        await python("answers.py", "--random", tensors, from(name, version), output, ...files),
      ) as number[];
      for (const difference of differences) assert(difference < 1e-5, String(differences));
    });
  }

  it("converts TensorFlow 2's half_plus_two", () => {
    const models = temporaryFolder("converted");
    const { status, json } = model(
      ...["convert", from("tf2", "saved_model_half_plus_two_tf2_cpu", "00000123")],
      ...["--name", "half-plus-two", "--models", models],
    );
    assert.equal(status, 0);
    assert.equal((json as { servable: boolean }).servable, false);
    assert(existsSync(path.join(models, "half-plus-two", "model.onnx")));
  });

  const refused = (source: string) => {
    const models = temporaryFolder("converted");
    const { status, said } = model("convert", source, "--name", "x", "--models", models);
    assert.equal(status, 3);
    assert(!existsSync(path.join(models, "x")));
    return said.replaceAll(source, "SOURCE");
  };

  it("refuses a model that keeps state, naming operator and node", () => {
    assert.equal(
      refused(from("saved_model_counter", "00000123")),
      'SOURCE keeps state: the operator AssignAdd at node "incr_counter_op/AssignAdd" changes the model while it scores. ONNX has no such operator; export the model for inference, without it',
    );
  });

  it("refuses a folder without a graph", () => {
    const empty = temporaryFolder("empty");
    assert.equal(refused(empty), "SOURCE is no SavedModel: it has no saved_model.pb");
    mkdirSync(path.join(empty, "1"));
    cpSync(from("mnist_conv_model"), path.join(empty, "1"), { recursive: true });
    assert.equal(
      refused(empty),
      "SOURCE is no SavedModel: it has no saved_model.pb; name one of its versions, such as SOURCE/1",
    );
  });

  it("refuses variables that are cut short", () => {
    const copy = path.join(temporaryFolder("cut"), "model");
    cpSync(from("mnist_conv_model"), copy, { recursive: true });
    truncateSync(path.join(copy, "variables", "variables.data-00000-of-00001"), 1000);
    assert.equal(
      refused(copy),
      "SOURCE/variables cannot be read: a file is missing, cut short or damaged. Copy the whole SavedModel again",
    );
  });
});
