import { ScoringError } from "../errors";
import type { ModelPackage } from "../model/modelPackage";
import type { ModelOutput } from "../model/modelTensors";
import type { OutputTensor, TensorValues } from "./tensors";

/** One class of a classifier's answer; `label` is the index in words where the model has no labels. */
export interface ScoredClass {
  readonly label: string;
  readonly index: number;
  /** 0..1 */
  readonly probability: number;
}

/** The output that classifies: the model's first of kind probabilities or logits, or undefined. */
export function classificationOutput(model: ModelPackage): ModelOutput | undefined {
  return model.outputs.find(({ kind }) => kind === "probabilities" || kind === "logits");
}

/** A classifier's shape without trailing ones: some answer [N,1000,1,1], their clients expect [N,1000]. */
export function classShape<T>(shape: readonly T[]): T[] {
  const last = shape.findLastIndex((size) => size !== 1);
  return shape.slice(0, Math.max(last, 1) + 1);
}

/** Softmax in float32, computed in double precision and shifted by the maximum so that it cannot overflow. */
export function softmax(logits: ArrayLike<number>): Float32Array {
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i] as number);
  const powers = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    sum += powers[i] = Math.exp((logits[i] as number) - max);
  }
  const result = new Float32Array(logits.length);
  for (let i = 0; i < result.length; i++) result[i] = (powers[i] as number) / sum;
  return result;
}

/** Probabilities of one picture, [classes]; logits get their softmax. */
export function probabilitiesOf(
  output: ModelOutput,
  outputs: readonly OutputTensor[],
): Exclude<TensorValues, BigInt64Array> {
  const tensor = outputs.find(({ name }) => name === output.name) as OutputTensor;
  const values = tensor.data as Exclude<TensorValues, BigInt64Array>;
  return output.kind === "logits" ? softmax(values) : values;
}

/**
 * The `count` most probable classes, most probable first; ties go to the lower index.
 * @throws ScoringError INVALID_REQUEST when the model does not classify
 */
export function topClasses(
  model: ModelPackage,
  outputs: readonly OutputTensor[],
  count: number,
): ScoredClass[] {
  const output = classificationOutput(model);
  if (!output) {
    throw new ScoringError(
      "INVALID_REQUEST",
      `The model ${model.name} does not classify; leave out "top".`,
    );
  }
  const probabilities = probabilitiesOf(output, outputs);
  return largest(probabilities, count).map((index) => ({
    label: output.labels?.[index] ?? String(index),
    index,
    probability: withItsDigits(probabilities[index] as number),
  }));
}

/** A float32 as the number of the nine digits that tell it from every other. */
const withItsDigits = (value: number) => Number(value.toPrecision(9));

/** Most that are found by insertion; sorting all is faster for more. */
const maxInserted = 32;

/** Indices of the `count` largest values, largest first; ties go to the lower index. */
function largest(values: ArrayLike<number>, count: number): number[] {
  if (count > maxInserted) {
    const order = Array.from(values, (_, index) => index);
    order.sort((a, b) => (values[b] as number) - (values[a] as number));
    return order.slice(0, count);
  }
  const found: number[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    let at = found.length;
    while (at > 0 && (values[found[at - 1] as number] as number) < value) at--;
    if (at === count) continue;
    found.splice(at, 0, index);
    if (found.length > count) found.pop();
  }
  return found;
}
