/** Part of `npm run verify:conversion`: published SavedModels. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, truncateSync } from "node:fs";
import path from "node:path";
import { InferenceSession, Tensor } from "../../scoring-image/node_modules/onnxruntime-node";
import { fixtures } from "../support/paths";
import { temporaryFolder } from "../support/temporaryFolder";
import { model, python } from "./tools";

const from = (...parts: string[]) => path.join(fixtures, "saved-models", ...parts);

describe("conversion of two published convolutional networks", function () {
  this.timeout(600_000);

  // Before the softmax, which is 0 or 1 in the one, and for values that do not end in zeros behind the other's first layer.
  for (const [name, values, logits, softmax, independent] of [
    [
      "deep-image-model",
      "map/TensorArrayStack/TensorArrayGatherV3:0,32,32,3",
      ...["fc1_1/Add:0", "Softmax:0", "fc1_1_Add"],
    ],
    ["mnist-conv-model", "Features:0,28,28,1", "add_4:0", "Prediction:0", "add_4"],
  ] as const) {
    it(`${name}: logits equal TensorFlow's, as an independent conversion's do`, async () => {
      const models = temporaryFolder("converted");
      const { status, said } = model(
        ...["convert", from(name), "--name", "converted", "--models", models],
        ...["--outputs", `${logits},${softmax}`],
      );
      assert.equal(status, 0, said);
      const [ours = NaN, theirs = NaN, apart = NaN] = JSON.parse(
        await python(
          ...["answers.py", "--random", values, from(name), logits],
          `${path.join(models, "converted", "model.onnx")}=${logits}`,
          `${from(name, "independent.onnx")}=${independent}`,
        ),
      ) as number[];
      assert(ours <= 1e-4 && theirs <= 1e-4, `${ours}, ${theirs}`);
      assert(apart > 0.1, `two rows are only ${apart} apart`);
    });
  }

  it("deep-image-model, which decodes pictures, answers the samples as TensorFlow does", () => {
    const models = temporaryFolder("converted");
    const { status, json, said } = model(
      ...["convert", from("deep-image-model"), "--name", "deep", "--models", models],
      ...["--outputs", "fc1_1/Add:0,softmax"],
    );
    assert.equal(status, 0, said);
    assert.deepEqual((json as { preprocessing: object }).preprocessing, {
      image: { preset: "stretch", mean: [0, 0, 0], scale: [1, 1, 1] },
      largestDifferenceOf255: 0,
    });
    const compared = model(
      ...["verify", path.join(models, "deep"), "--against", from("deep-image-model")],
      ...["--tolerance", "1e-4"],
    );
    assert.equal(compared.status, 0, compared.said);
    const { outputs } = compared.json as { outputs: { first: string; second: string }[] };
    assert.deepEqual(
      outputs.map(({ first, second }) => [first, second]),
      [
        ["fc1_1/Add:0", "fc1_1/Add:0"],
        ["Softmax:0", "Softmax:0"],
      ],
    );
  });
});

describe("conversion of TensorFlow Serving's SavedModels", function () {
  this.timeout(600_000);
  for (const [name, tensors, values, shape] of [
    ["half-plus-two-tf1", ["--input", "x:0", "--outputs", "y:0"], [1, 2, 5], [3, 1]],
    ["half-plus-two-tf2", [], [5], [1]],
  ] as const) {
    it(`converts ${name}, which the server cannot serve`, async () => {
      const models = temporaryFolder("converted");
      const { status, json, said } = model(
        ...["convert", from(name), "--name", "half-plus-two", "--models", models],
        ...tensors,
      );
      assert.equal(status, 0, said);
      assert.equal((json as { servable: boolean }).servable, false);
      const session = await InferenceSession.create(
        path.join(models, "half-plus-two", "model.onnx"),
      );
      const x = new Tensor("float32", [...values], shape);
      const answer = await session.run({ [session.inputNames[0] as string]: x });
      assert.deepEqual(
        Array.from(answer[session.outputNames[0] as string]?.data as Float32Array),
        values.map((value) => value / 2 + 2),
      );
      await session.release();
    });
  }

  it("inspects a SavedModel", () => {
    const { status, json } = model("inspect", from("half-plus-two-tf2"));
    assert.equal(status, 0);
    const { inputs, server } = json as { inputs: { name: string }[]; server: string };
    assert.equal(inputs[0]?.name, "x");
    assert.match(server, /^must be converted first/);
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
      refused(from("counter")),
      'SOURCE keeps state: the operator AssignAdd at node "incr_counter_op/AssignAdd" changes the model while it scores. ONNX has no such operator; export the model for inference, without it',
    );
  });

  it("names the signatures where there is none of the given name", () => {
    const source = from("half-plus-two-tf1");
    const { status, said } = model("inspect", source, "--signature", "other");
    assert.equal(status, 3);
    assert.equal(
      said.replace(source, "SOURCE"),
      'SOURCE has no signature "other", only classify_x_to_y, regress_x2_to_y3, regress_x_to_y, regress_x_to_y2, serving_default; name one with --signature',
    );
  });

  it("refuses a folder without a graph", () => {
    const empty = temporaryFolder("empty");
    assert.equal(refused(empty), "SOURCE is no SavedModel: it has no saved_model.pb");
    mkdirSync(path.join(empty, "1"));
    cpSync(from("half-plus-two-tf1"), path.join(empty, "1"), { recursive: true });
    assert.equal(
      refused(empty),
      "SOURCE is no SavedModel: it has no saved_model.pb; name one of its versions, such as SOURCE/1",
    );
  });

  it("refuses variables that are cut short", () => {
    const copy = path.join(temporaryFolder("cut"), "model");
    cpSync(from("half-plus-two-tf1"), copy, { recursive: true });
    truncateSync(path.join(copy, "variables", "variables.data-00000-of-00001"), 5);
    assert.equal(
      refused(copy),
      "SOURCE/variables cannot be read: a file is missing, cut short or damaged. Copy the whole SavedModel again",
    );
  });
});
