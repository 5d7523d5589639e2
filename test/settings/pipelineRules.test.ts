import assert from "node:assert/strict";
import { definitions, type Values } from "../../settings/definitions";
import { pipelineRules } from "../../settings/pipelineRules";

describe("batches of a stack", () => {
  const { parse } = definitions["batch.sizes"];

  it("are read as numbers, or left to the server", () => {
    assert.deepEqual(parse("1, 8,1024"), { value: [1, 8, 1024] });
    assert.deepEqual(parse("16"), { value: [16] });
    assert.deepEqual(parse(""), { value: undefined });
  });

  const problems = (modelConfig: string, sizes: readonly number[] | undefined) =>
    pipelineRules(
      {
        target: "azure",
        accelerator: "gpu",
        "runtime.kind": "triton",
        "runtime.modelConfig": modelConfig,
        "batch.sizes": sizes,
      } as Values,
      undefined,
    ).problems.length;

  it("are what Triton takes, or the model where Triton leaves it the bound", () => {
    assert.equal(problems("max_batch_size: 32", [1, 32]), 0);
    assert.equal(problems("max_batch_size: 31", [1, 32]), 1);
    assert.equal(problems("max_batch_size: 8", undefined), 0);
    assert.equal(problems("max_batch_size: 0", [1, 32]), 0);
    assert.equal(problems("dynamic_batching { }", [1, 32]), 0);
  });
});
