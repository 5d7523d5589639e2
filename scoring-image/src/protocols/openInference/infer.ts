import { ScoringError } from "../../errors";
import type { CallContext, Inference } from "../../inference/batcher";
import { topClasses } from "../../inference/classification";
import { stackOutput } from "../../inference/stackOutputs";
import { mapInTurns } from "../../inTurns";
import { findInput, selectOutputs, wantsProbabilities, type NamedOutput } from "../../model/naming";
import type { AdapterOptions } from "..";
import { checkCount, datatypeOf } from "./datatypes";
import type { InferInput, InferOutput, InferRequest } from "./messages";

/**
 * Answers an inference request. BYTES are encoded pictures, one an element; FP32 and UINT8 are what the model's input takes.
 * @throws ScoringError INVALID_REQUEST naming the field, or as `Predictor`
 */
export async function infer(
  options: AdapterOptions,
  request: InferRequest,
  context: CallContext,
): Promise<InferOutput[]> {
  const { predictor } = options;
  const { inputs, outputs } = request;
  const input = onlyInput(inputs);
  findInput(predictor.model, input.name);
  // All outputs are answered by the names of the metadata; aliases are for those who ask by them.
  const wanted = outputs.length > 0 ? outputs : predictor.model.outputs;
  const names = wanted.map(({ name }) => name);
  const selected = selectOutputs(predictor.model, input.name, names);
  const inferences = await run(options, input, context);
  return Promise.all(
    selected.map(async (named, i) => {
      const classes = outputs[i]?.classes ?? 0;
      return classes > 0
        ? classesOf(options, named, inferences, classes)
        : valuesOf(named, inferences);
    }),
  );
}

function onlyInput(inputs: readonly InferInput[]): InferInput {
  const [input] = inputs;
  if (input && inputs.length === 1) return input;
  const message = `The request has ${inputs.length} inputs; the model takes exactly one.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

function run({ predictor }: AdapterOptions, input: InferInput, context: CallContext) {
  const { name, shape, data } = input;
  if (data.datatype === "BYTES") {
    checkCount(name, shape, data.elements.length);
    return predictor.predictImages(data.elements, context);
  }
  checkCount(name, shape, data.values.length);
  const dtype = data.datatype === "FP32" ? "float32" : "uint8";
  return predictor.predictTensor({ dtype, dims: shape, data: data.values }, context);
}

function valuesOf(named: NamedOutput, inferences: readonly Inference[]): InferOutput {
  const { output, name } = named;
  const { dims, data } = stackOutput(output, inferences, wantsProbabilities(named));
  return { name, datatype: datatypeOf(output.dtype), shape: dims, data };
}

/** The classification extension: for each picture its most probable classes as `probability:index:label`. */
async function classesOf(
  { predictor }: AdapterOptions,
  { output, name }: NamedOutput,
  inferences: readonly Inference[],
  count: number,
): Promise<InferOutput> {
  if (output.kind !== "probabilities" && output.kind !== "logits") {
    const message = `The output "${name}" does not classify; leave its parameter classification out.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  const rows = await mapInTurns(inferences, ({ outputs }) =>
    topClasses(predictor.model, outputs, count).map(
      ({ probability, index, label }) => `${probability.toFixed(6)}:${index}:${label}`,
    ),
  );
  const data = rows.flat();
  return { name, datatype: "BYTES", shape: [rows.length, rows[0]?.length ?? 0], data };
}
