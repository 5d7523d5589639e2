import assert from "node:assert/strict";
import {
  findInput,
  selectOutputs,
  signatureKey,
  wantsProbabilities,
} from "../../../scoring-image/src/model/naming";
import type { ModelPackage } from "../../../scoring-image/src/model/modelPackage";

type Named = readonly [name: string, ...aliases: string[]];

const modelOf = (input: Named, ...outputs: Named[]) => {
  const tensor = ([name, ...aliases]: Named) => ({ name, aliases, kind: "logits" });
  return { input: tensor(input), outputs: outputs.map(tensor) } as unknown as ModelPackage;
};

const softmax = "classifier/resnet_v1_50/predictions/Softmax:0";
const bundled = modelOf(["images", "Placeholder:0"], ["logits", "output_alias", "probabilities"]);
const converted = modelOf(["Placeholder:0", "images"], [softmax, "output_alias"]);
const exported = modelOf(["data", "images", "Placeholder:0"], ["fc", softmax, "output_alias"]);

describe("model/naming (trap 6)", () => {
  const replies: [model: ModelPackage, sent: string, read: string][] = [
    [bundled, "images", "output_alias"],
    [bundled, "Placeholder:0", "output_alias"],
    [converted, "images", "output_alias"],
    [converted, "Placeholder:0", softmax],
    [exported, "images", "output_alias"],
    [exported, "Placeholder:0", softmax],
    [exported, "data", "fc"],
  ];
  for (const [model, sent, read] of replies) {
    it(`answers ${sent} of ${model.input.name} with ${read}`, () => {
      assert.equal(findInput(model, sent), model.input);
      assert.deepEqual(
        selectOutputs(model, sent).map(({ name }) => name),
        [read],
      );
    });
  }

  it("lists tensors in a signature by their first alias that is not a graph's name", () => {
    assert.equal(signatureKey(bundled.input), "images");
    assert.equal(signatureKey(exported.outputs[0] as never), "output_alias");
  });

  it("answers filtered outputs under the names of the filter, each once", () => {
    const two = modelOf(["x"], ["boxes", "out_0"], ["scores", "out_1"]);
    const names = selectOutputs(two, "x", ["scores", "out_0"]).map(({ name }) => name);
    assert.deepEqual(names, ["scores", "out_0"]);
    assert.throws(() => selectOutputs(two, "x", ["out_0", "out_0"]), {
      code: "INVALID_REQUEST",
      message: "duplicate output tensor alias: out_0",
    });
    assert.throws(() => selectOutputs(two, "x", ["classes"]), {
      code: "INVALID_REQUEST",
      message:
        "output tensor alias not found in signature: classes Outputs expected to be in the set {boxes, out_0, scores, out_1}.",
    });
  });

  it("gives probabilities for logits by alias, the logits themselves by the tensor's own name", () => {
    const asked = (name: string) =>
      wantsProbabilities(selectOutputs(bundled, "images", [name])[0] as never);
    assert.equal(asked("logits"), false);
    assert.equal(asked("output_alias"), true);
  });

  it("refuses an input that there is not", () =>
    assert.throws(() => findInput(bundled, "image"), {
      code: "INVALID_REQUEST",
      message: 'There is no input "image"; the model takes one, called images or Placeholder:0.',
    }));
});
