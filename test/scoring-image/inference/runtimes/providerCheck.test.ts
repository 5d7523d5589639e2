import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fallbackOf } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/providerCheck";
import { fixtures } from "../../../support/paths";

/** What ONNX Runtime 1.30 wrote of a run of the bundled model on the CPU, less the fields that are not read. */
const profile = readFileSync(path.join(fixtures, "profiles/efficientnet-lite0-cpu.json"), "utf8");

/** The same profile with some operators' provider replaced, as ONNX Runtime writes it where there is a GPU. */
const movedToCuda = (profile: string, moves: (operator: string) => boolean) =>
  JSON.stringify(
    (JSON.parse(profile) as { args?: { provider?: string; op_name?: string } }[]).map((event) =>
      event.args?.provider && moves(event.args.op_name ?? "")
        ? { ...event, args: { ...event.args, provider: "CUDAExecutionProvider" } }
        : event,
    ),
  );

describe("inference/runtimes/onnxRuntime, where a model ran", () => {
  it("accepts a run on the provider that was asked for", () => {
    assert.equal(fallbackOf(profile, "cpu"), undefined);
    assert.equal(
      fallbackOf(
        movedToCuda(profile, () => true),
        "cuda",
      ),
      undefined,
    );
  });

  it("notices a run that was altogether somewhere else", () => {
    assert.equal(fallbackOf(profile, "cuda"), "none of its operators ran on cuda");
  });

  it("notices heavy operators that fell back", () => {
    assert.equal(
      fallbackOf(
        movedToCuda(profile, (operator) => operator !== "Conv"),
        "cuda",
      ),
      "operators that cuda cannot run fell back to the CPU: Conv",
    );
  });

  it("lets light operators stay on the CPU", () => {
    const light = (operator: string) => !/Conv|Gemm|MatMul/.test(operator);
    assert.ok(JSON.stringify(profile).includes("Reorder"));
    assert.equal(
      fallbackOf(
        movedToCuda(profile, (operator) => !light(operator)),
        "cuda",
      ),
      undefined,
    );
  });
});
