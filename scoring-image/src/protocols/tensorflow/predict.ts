import { ScoringError } from "../../errors";
import type { Answer, AnswerForm, CallContext } from "../../inference/call";
import type { PictureOutputs } from "../../inference/threads/finisher";
import type { OutputTensor } from "../../inference/tensors";
import { stackOutput } from "../../inference/stackOutputs";
import type { ModelPackage } from "../../model/modelPackage";
import type { ModelInput } from "../../model/modelTensors";
import { findInput, findOutput, signatureKey, wantsProbabilities } from "../../model/naming";
import type { NamedOutput } from "../../model/naming";
import type { AdapterOptions } from "../adapterOptions";
import type { InputValue } from "./inputValues";

/** TensorFlow Serving's method name of a predicting signature. */
export const predictMethod = "tensorflow/serving/predict";

/** What the TensorFlow Serving adapters need. */
export interface TensorflowOptions extends AdapterOptions {
  /** Replies carry `tensor_content` instead of the field of the dtype. */
  readonly tensorContent: boolean;
  /** Outputs asked for by a graph's tensor name are answered under the signature's key as well. */
  readonly bothOutputNames: boolean;
}

export type NamedTensor = NamedOutput & { readonly tensor: OutputTensor };

const set = (names: Iterable<string>) => `{${[...names].join(",")}}`;

/**
 * The one input of a request, as the caller named it.
 * @throws ScoringError INVALID_REQUEST in TensorFlow Serving's words when there is none, another, or more than one
 */
export function onlyInput<T>(
  model: ModelPackage,
  inputs: ReadonlyMap<string, T>,
): { readonly name: string; readonly value: T; readonly input: ModelInput } {
  const [entry] = inputs;
  if (entry && inputs.size === 1) {
    const [name, value] = entry;
    return { name, value, input: findInput(model, name) };
  }
  const { input } = model;
  const known = [input.name, ...input.aliases];
  const required = signatureKey(input);
  const extra = [...inputs.keys()].filter((name) => !known.includes(name));
  const missing = [...inputs.keys()].some((name) => known.includes(name)) ? [] : [required];
  const message =
    `input size does not match signature: ${inputs.size}!=1 len(${set(inputs.keys())}) != len(${set([required])}). ` +
    `Sent extra: ${set(extra)}. Missing but required: ${set(missing)}.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

/** Runs the model on what a caller gave for its input. @throws ScoringError as the predictor */
export function infer(
  { predictor }: TensorflowOptions,
  value: InputValue,
  form: AnswerForm,
  context: CallContext,
): Promise<Answer> {
  return "pictures" in value
    ? predictor.predictPictures(value.pictures, form, context)
    : predictor.predictTensor(value.tensor, form, context);
}

/** An output by its own name, and the name that the caller knows it by. */
export interface WantedOutput {
  readonly output: string;
  readonly name: string;
}

/** What a caller asked for, with the signature's keys beside a graph's names where that is set. */
export function wantedOutputs(
  { model, bothOutputNames }: TensorflowOptions,
  outputs: readonly NamedOutput[],
): WantedOutput[] {
  const keys = model.outputs.map((output) => ({ output, name: signatureKey(output) }));
  const missing = keys.filter(({ name, output }) =>
    outputs.every(
      (named) => named.name !== name && outputs.some((other) => other.output === output),
    ),
  );
  const wanted = bothOutputNames ? [...outputs, ...missing] : outputs;
  return wanted.map(({ output, name }) => ({ output: output.name, name }));
}

/** The outputs that a caller asked for, each as one tensor [n, ...] under the name the caller knows it by. */
export const namedTensors = (
  model: ModelPackage,
  wanted: readonly WantedOutput[],
  pictures: readonly PictureOutputs[],
): NamedTensor[] =>
  wanted.map(({ output: own, name }) => {
    const named = { output: findOutput(model, own), name };
    return { ...named, tensor: stackOutput(named.output, pictures, wantsProbabilities(named)) };
  });
