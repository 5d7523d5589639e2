import type { Graph, GraphTensor } from "../../../model/graph";
import { datatypes } from "../../../proto/datatypes";
import type { ModelMetadataResponse, TensorMetadata } from "./messages";
import type { OpenInferencePlan, PlannedTensor } from "./plan";

/** A runtime's model in terms of the model package. */
export interface RuntimeModel {
  /** Tensors that the package declares have the package's names, others the runtime's. */
  readonly graph: Graph;
  /** The package's name of a tensor -> the runtime's. */
  readonly names: Readonly<Record<"inputs" | "outputs", Readonly<Record<string, string>>>>;
}

const dtypes = new Map<string, string>(
  Object.entries(datatypes).map(([dtype, datatype]) => [datatype, dtype]),
);

/**
 * Reads a runtime's metadata. A tensor of the runtime is one of the package's when it has its name or one of its aliases, the name
 * coming first.
 * @param where begins messages about the model
 */
export function readRuntimeModel(
  { inputs, outputs }: ModelMetadataResponse,
  plan: Pick<OpenInferencePlan, "input" | "outputs">,
  where: string,
): RuntimeModel {
  const read = {
    inputs: readTensors(inputs, [plan.input]),
    outputs: readTensors(outputs, plan.outputs),
  };
  return {
    graph: {
      ...{ holder: "the runtime", where },
      inputs: read.inputs.tensors,
      outputs: read.outputs.tensors,
    },
    names: { inputs: read.inputs.names, outputs: read.outputs.names },
  };
}

function readTensors(found: readonly TensorMetadata[], declared: readonly PlannedTensor[]) {
  const names: Record<string, string> = {};
  for (const { name, aliases } of declared) {
    const called = [name, ...aliases].find((alias) => found.some((other) => other.name === alias));
    if (called !== undefined) names[name] = called;
  }
  const own = new Map(Object.entries(names).map(([name, called]) => [called, name]));
  const tensors = found.map(({ name, datatype, shape }): GraphTensor => ({
    name: own.get(name) ?? name,
    dtype: dtypes.get(datatype) ?? datatype,
    // Unnamed, as a graph's free dimensions may be.
    shape: shape.map((size) => (size < 0 ? "" : size)),
  }));
  return { names, tensors };
}
