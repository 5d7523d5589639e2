import { ModelPackageError, type ModelPackage } from "./modelPackage";
import type { Dimension } from "./modelTensors";

/** One tensor as what runs the model reports it. Unnamed free dimensions are empty strings. */
export interface GraphTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly Dimension[];
}

/** Inputs and outputs of the model that runs, as what runs it reports them. */
export interface Graph {
  /** Who reports them; begins a sentence's second half: "the graph says ...". */
  readonly holder: string;
  /** Where it is: a path or an address. */
  readonly where: string;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

const show = ({ dtype, shape }: Pick<GraphTensor, "dtype" | "shape">) =>
  `${dtype} [${shape.map((size) => (size === "" ? "?" : size)).join(",")}]`;

/** A dimension that the graph fixes must be the same in model.json; one that it leaves free may be narrowed there. */
const agrees = (declared: GraphTensor, actual: GraphTensor) =>
  declared.dtype === actual.dtype &&
  declared.shape.length === actual.shape.length &&
  actual.shape.every((size, i) => typeof size === "string" || size === declared.shape[i]);

function disagreements(
  direction: "input" | "output",
  holder: string,
  declared: readonly GraphTensor[],
  actual: readonly GraphTensor[],
): string[] {
  return declared.flatMap((tensor) => {
    const found = actual.find(({ name }) => name === tensor.name);
    if (!found) {
      const names = actual.map(({ name }) => `"${name}"`).join(", ");
      return `model.json names the ${direction} "${tensor.name}", ${holder} has ${names || "none"}`;
    }
    if (agrees(tensor, found)) return [];
    return `model.json says ${direction} "${tensor.name}" is ${show(tensor)}, ${holder} says ${show(found)}`;
  });
}

/** The outputs that the graph computes, without those that the server makes from them. */
export const graphOutputs = (model: ModelPackage) =>
  model.outputs.filter(({ isDecoded }) => !isDecoded);

/**
 * Compares a model package with what runs. Outputs of the graph that model.json leaves out are not computed.
 * @throws ModelPackageError naming both sides of every disagreement
 */
export function checkGraph(model: ModelPackage, graph: Graph): void {
  const { holder, where } = graph;
  const unlisted = graph.inputs
    .filter(({ name }) => name !== model.input.name)
    .map((tensor) => `${holder} also needs the input "${tensor.name}" ${show(tensor)}`);
  const problems = [
    ...disagreements("input", holder, [model.input], graph.inputs),
    ...(graph.inputs.length > 1 ? unlisted : []),
    ...disagreements("output", holder, graphOutputs(model), graph.outputs),
  ];
  if (problems.length > 0) {
    throw new ModelPackageError(`${where} disagrees with model.json: ${problems.join("; ")}`);
  }
}
