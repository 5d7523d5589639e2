import type { ModelOutput } from "../model/modelTensors";
import { classShape, softmax } from "./classification";
import type { OutputTensor, TensorValues } from "./tensors";

/**
 * Joins one output of a request's pictures into one tensor [n, ...], n being their number.
 * @param asProbabilities turns a logits output into probabilities [n, ..., classes]
 * @throws Error when pictures of one request got outputs of different shapes, which then have no common tensor
 */
export function stackOutput(
  output: ModelOutput,
  pictures: readonly { readonly outputs: readonly OutputTensor[] }[],
  asProbabilities = false,
): OutputTensor {
  const rows = pictures.map(
    ({ outputs }) => outputs.find(({ name }) => name === output.name) as OutputTensor,
  );
  const [first] = rows as [OutputTensor, ...OutputTensor[]];
  const [, ...inner] = first.dims;
  if (rows.some(({ data }) => data.length !== first.data.length)) {
    throw new Error(`output ${output.name} has rows of different lengths`);
  }
  const data = rows.length === 1 ? first.data : join(rows.map((row) => row.data));
  const stacked = { name: output.name, dims: [rows.length, ...inner], data };
  return asProbabilities && output.kind === "logits" ? softmaxRows(stacked) : stacked;
}

function join(parts: readonly TensorValues[]): TensorValues {
  const [first] = parts as [TensorValues];
  const Values = first.constructor as new (length: number) => TensorValues;
  const joined = new Values(first.length * parts.length);
  parts.forEach((part, i) => joined.set(part as never, i * first.length));
  return joined;
}

function softmaxRows({ name, dims, data }: OutputTensor): OutputTensor {
  const logits = data as Float32Array | Float64Array;
  const shape = classShape(dims);
  const size = shape.at(-1) as number;
  const probabilities = logits.slice();
  for (let start = 0; start < logits.length; start += size) {
    probabilities.set(softmax(logits.subarray(start, start + size)), start);
  }
  return { name, dims: shape, data: probabilities };
}
