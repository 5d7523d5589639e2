import assert from "node:assert/strict";
import { softmax, topClasses } from "../../../scoring-image/src/inference/classification";
import type { OutputTensor } from "../../../scoring-image/src/inference/tensors";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { colourClassifier, tinyPackage } from "../../support/tinyModel";

const tensor = (name: string, ...values: number[]): OutputTensor => ({
  name,
  dims: [1, values.length],
  data: Float32Array.from(values),
});

describe("inference/classification", () => {
  it("computes the softmax", () => {
    // 1, 2 and 3 weigh e^-2, e^-1 and 1.
    const expected = [0.09003057317038046, 0.24472847105479767, 0.6652409557748219];
    assert.deepEqual(softmax([1, 2, 3]), Float32Array.from(expected));
  });

  it("does not overflow", () => {
    assert.deepEqual([...softmax([1000, 1000])], [0.5, 0.5]);
  });

  it("names the most probable classes first, ties by index", () => {
    const model = readModelPackage(colourClassifier("probabilities"));
    assert.deepEqual(topClasses(model, [tensor("probabilities", 0.25, 0.5, 0.25)], 2), [
      { label: "green", index: 1, probability: 0.5 },
      { label: "red", index: 0, probability: 0.25 },
    ]);
  });

  it("applies the softmax to logits only", () => {
    const model = readModelPackage(colourClassifier("logits"));
    const [best] = topClasses(model, [tensor("mean", 0, 0, Math.log(2))], 1);
    assert.equal(best?.label, "blue");
    assert.ok(Math.abs((best?.probability ?? 0) - 0.5) < 1e-7);
  });

  it("refuses to name classes of a model that does not classify", () => {
    const model = readModelPackage(tinyPackage("mean-colour"));
    assert.throws(() => topClasses(model, [tensor("mean", 1, 2, 3)], 1), {
      code: "INVALID_REQUEST",
      message: 'The model mean-colour does not classify; leave out "top".',
    });
  });
});
