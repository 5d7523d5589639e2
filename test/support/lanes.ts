import type {
  RowFormat,
  OnnxRuntimePlan,
} from "../../scoring-image/src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import { openLane } from "../../scoring-image/src/inference/runtimes/onnxRuntime/laneRuntime";
import { openModel } from "../../scoring-image/src/inference/runtimes/onnxRuntime/openedModel";
import type { OutputTensor } from "../../scoring-image/src/inference/tensors";
import type {
  BatchRow,
  RowData,
  BlockingRuntime,
} from "../../scoring-image/src/inference/runtimes/runtime";
import { graphOutputs } from "../../scoring-image/src/model/graph";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";

/** Plain rows of 8 x 8 pixels. */
export const smallRows: RowFormat = {
  ...{ width: 8, height: 8, layout: "NCHW", dtype: "float32", order: "RGB" },
  ...{ resize: { to: "stretch" }, kernel: "legacyBilinear" },
  ...{ mean: [0, 0, 0], scale: [1, 1, 1] },
};

/** A plan for the CPU, whose pictures become the declared input. */
export const planOf = (
  given: Pick<OnnxRuntimePlan, "modelFile" | "input" | "transform" | "outputs" | "sizes">,
): OnnxRuntimePlan => ({
  ...{ kind: "onnxRuntime", executionProvider: "cpu", threads: 1, areSizesExplicit: true },
  ...{ rows: given.transform, ...given },
});

/** A plan that runs a package on the CPU. */
export const cpuPlan = (model: ModelPackage, sizes: readonly number[]): OnnxRuntimePlan =>
  planOf({
    ...{ modelFile: model.file, sizes, outputs: graphOutputs(model) },
    ...{ input: model.input, transform: model.input.transform },
  });

/** Opens a model with one lane in this thread for the time of a test. */
export async function withLane(
  plan: OnnxRuntimePlan,
  test: (runtime: BlockingRuntime) => void,
): Promise<void> {
  const model = await openModel(plan);
  const runtime = openLane(model.addLane().handle);
  try {
    test(runtime);
  } finally {
    runtime.close();
    model.close();
  }
}

/** A row of values as a client sends it. */
export const tensorRow = (data: RowData): BatchRow => ({ data, from: "tensor" });

/** Runs rows in a runtime that blocks; outputs in memory of their own. */
export const runRows = (runtime: BlockingRuntime, rows: readonly RowData[]): OutputTensor[][] => {
  const patience = { id: 1, timeoutMs: Infinity, signal: new AbortController().signal };
  const results = runtime.run(rows.map(tensorRow), patience);
  return results.map((outputs) => outputs.map((one) => ({ ...one, data: one.data.slice() })));
};
