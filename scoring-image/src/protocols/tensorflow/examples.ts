import { ScoringError } from "../../errors";
import type { Answer, AnswerForm, CallContext } from "../../inference/call";
import { classificationOutput } from "../../inference/classification";
import type { ModelPackage } from "../../model/modelPackage";
import type { ModelInput, ModelOutput } from "../../model/modelTensors";
import { infer, type TensorflowOptions } from "./predict";

/** The features of one example: bytes are an encoded picture, numbers the values of a decoded one. */
export type Features = ReadonlyMap<
  string,
  { readonly bytes: readonly Uint8Array[]; readonly numbers: ArrayLike<number> }
>;

/**
 * Classifies examples, each with one picture: all classes, most probable first.
 * @param form the name of the form of the answer
 * @throws ScoringError UNIMPLEMENTED when the model does not classify, INVALID_REQUEST naming the example that is wrong
 */
export async function classify(
  options: TensorflowOptions,
  examples: readonly Features[],
  form: string,
  context: CallContext,
): Promise<Answer> {
  const { model } = options;
  if (!classificationOutput(model)) {
    throw unsuitable(model, "Classify", "an output of kind probabilities or logits");
  }
  return inferExamples(options, examples, { form, args: {} }, context);
}

/**
 * Computes the one value a picture of a regression model.
 * @param form the name of the form of the answer, which takes {@link RegressArgs}
 * @throws ScoringError UNIMPLEMENTED when the model is none, INVALID_REQUEST naming the example that is wrong
 */
export async function regress(
  options: TensorflowOptions,
  examples: readonly Features[],
  form: string,
  context: CallContext,
): Promise<Answer> {
  const output = options.model.outputs.find(isScalar);
  if (!output) {
    throw unsuitable(
      options.model,
      "Regress",
      "an output of kind features with one value a picture",
    );
  }
  const args: RegressArgs = { output: output.name };
  return inferExamples(options, examples, { form, args }, context);
}

/** Which output is the regression's. */
export interface RegressArgs {
  readonly output: string;
}

const isScalar = ({ kind, shape }: ModelOutput) =>
  kind === "features" && shape.slice(1).every((size) => size === 1);

const unsuitable = ({ name }: ModelPackage, method: string, needs: string) =>
  new ScoringError(
    "UNIMPLEMENTED",
    `${method} needs ${needs}; the model ${name} has none. Use Predict.`,
  );

function inferExamples(
  options: TensorflowOptions,
  examples: readonly Features[],
  form: AnswerForm,
  context: CallContext,
): Promise<Answer> {
  if (examples.length === 0) throw new ScoringError("INVALID_REQUEST", "Input is empty.");
  const { input } = options.model;
  const values = examples.map((features, i) => featureOf(features, input, i));
  const pictures = values.flatMap(({ bytes }) => bytes);
  if (pictures.length === values.length) return infer(options, { pictures }, form, context);
  if (pictures.length > 0) {
    const message = "Examples must all hold encoded pictures or all decoded ones.";
    throw new ScoringError("INVALID_REQUEST", message);
  }
  const dims = [examples.length, ...(input.shape.slice(1) as number[])];
  const data = join(values.map(({ numbers }) => numbers));
  return infer(options, { tensor: { dtype: input.dtype, dims, data } }, form, context);
}

function join(lists: readonly ArrayLike<number>[]): Float64Array {
  const [first] = lists;
  if (lists.length === 1 && first instanceof Float64Array) return first;
  const joined = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    joined.set(list, at);
    at += list.length;
  }
  return joined;
}

/** The example's feature named like the input, or its only one; it must hold one picture in bytes or in numbers. */
function featureOf(features: Features, input: ModelInput, index: number) {
  const known = [input.name, ...input.aliases].find((name) => features.has(name));
  const [only] = features.size === 1 ? features.values() : [];
  const feature = known === undefined ? only : features.get(known);
  if (feature && feature.bytes.length + Math.min(1, feature.numbers.length) === 1) return feature;
  const message = `The example at index ${index} must hold the feature "${input.name}" with one encoded picture or the values of a decoded one.`;
  throw new ScoringError("INVALID_REQUEST", message);
}
