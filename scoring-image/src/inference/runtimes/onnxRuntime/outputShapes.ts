import type { Graph, GraphTensor } from "../../../model/graph";
import { outputDtype, type OutputDtype } from "./native/elements";

/** An output of the graph that is served. */
export interface PlannedOutput {
  readonly name: string;
  readonly dtype: OutputDtype;
  /** Shape of one row, without the batch dimension; undefined when a run decides it. */
  readonly row: readonly number[] | undefined;
}

/**
 * What is known before a run of the outputs that are to be computed.
 * @throws Error when an output is of a type that is not served, or not in the graph
 */
export function plannedOutputs(graph: Graph, names: readonly string[]): PlannedOutput[] {
  const batch = graph.inputs[0]?.shape[0];
  return names.map((name) => {
    const found = graph.outputs.find((output) => output.name === name);
    if (!found) throw new Error(`the graph has no output "${name}"`);
    return { name, dtype: outputDtype(name, found.dtype), row: rowShape(found, batch) };
  });
}

/** Fixed when the batch dimension is the input's and all others are numbers. */
function rowShape({ shape }: GraphTensor, batch: unknown): readonly number[] | undefined {
  const [first, ...row] = shape;
  if (first === undefined || first === "" || first !== batch) return undefined;
  return row.every((size) => typeof size === "number") ? row : undefined;
}
