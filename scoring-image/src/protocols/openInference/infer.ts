import { ScoringError } from "../../errors";
import type { Answer, AnswerForm, CallContext } from "../../inference/call";
import { findInput, selectOutputs } from "../../model/naming";
import type { AdapterOptions } from "../adapterOptions";
import type { OutputsArgs } from "./answer";
import { checkCount } from "./datatypes";
import type { InferInput, InferRequest } from "./messages";

/**
 * Answers an inference request. BYTES are encoded pictures, one an element; FP32 and UINT8 are what the model's input takes.
 * @param form the name of the form of the answer
 * @param extra what the form needs to know besides the outputs
 * @throws ScoringError INVALID_REQUEST naming the field, or as `Predictor`
 */
export async function infer<Extra extends object>(
  options: AdapterOptions,
  request: InferRequest,
  { form, extra }: { readonly form: string; readonly extra: Extra },
  context: CallContext,
): Promise<Answer> {
  const { model } = options.predictor;
  const { inputs, outputs } = request;
  const input = onlyInput(inputs);
  findInput(model, input.name);
  // All outputs are answered by the names of the metadata; aliases are for those who ask by them.
  const wanted = outputs.length > 0 ? outputs : model.outputs;
  const names = wanted.map(({ name }) => name);
  const selected = selectOutputs(model, input.name, names);
  const listed = selected.map(({ output, name }, i) => {
    const classes = outputs[i]?.classes ?? 0;
    if (classes > 0 && output.kind !== "probabilities" && output.kind !== "logits") {
      const message = `The output "${name}" does not classify; leave its parameter classification out.`;
      throw new ScoringError("INVALID_REQUEST", message);
    }
    return { output: output.name, name, classes };
  });
  const args: OutputsArgs & Extra = { ...extra, outputs: listed };
  return run(options, input, { form, args }, context);
}

function onlyInput(inputs: readonly InferInput[]): InferInput {
  const [input] = inputs;
  if (input && inputs.length === 1) return input;
  const message = `The request has ${inputs.length} inputs; the model takes exactly one.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

function run(
  { predictor }: AdapterOptions,
  input: InferInput,
  form: AnswerForm,
  context: CallContext,
): Promise<Answer> {
  const { name, shape, data } = input;
  if (data.datatype === "BYTES") {
    checkCount(name, shape, data.elements.length);
    return predictor.predictPictures(data.elements, form, context);
  }
  checkCount(name, shape, data.values.length);
  const dtype = data.datatype === "FP32" ? "float32" : "uint8";
  return predictor.predictTensor({ dtype, dims: shape, data: data.values }, form, context);
}
