import assert from "node:assert/strict";
import { judge } from "../../../scripts/model/verify";

describe("npm run model -- verify", () => {
  const output = (largestDifference: number, largestOfDeviation: number | null) => ({
    outputs: [{ first: "logits", largestDifference, largestOfDeviation }],
  });

  it("allows differences up to the tolerance, and all without one", () => {
    assert.equal(judge(output(0.5, 1e-4), 1e-4), undefined);
    assert.equal(judge(output(9, 3), undefined), undefined);
    assert.deepEqual(
      [judge(output(0.5, 2e-4), 1e-4)?.kind, judge(output(0.5, 2e-4), 1e-4)?.message],
      ["differs", "logits differs by 0.0002 of its standard deviation, more than 0.0001"],
    );
  });

  it("wants an output that does not vary to be the same", () => {
    assert.equal(judge(output(0, null), 1e-4), undefined);
    assert.equal(
      judge(output(1, null), 1e-4)?.message,
      "logits differs by 1, and does not vary, more than 0.0001",
    );
  });
});
