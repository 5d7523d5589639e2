import { ScoringError } from "../../errors";
import { isPacked } from "../../json/packed";
import type { ModelPackage } from "../../model/modelPackage";
import type { ModelInput } from "../../model/modelTensors";
import { findInput, signatureKey } from "../../model/naming";
import type { Features } from "./examples";
import type { InputValue } from "./inputValues";

/** The body of a REST predict call, understood. */
export interface RestPredict {
  readonly signature: string;
  /** The input as the caller named it; its signature key when it was left out. */
  readonly inputName: string;
  readonly value: InputValue;
  /** `instances` and `predictions`, or else `inputs` and `outputs`. */
  readonly isRowForm: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const refuse = (message: string): never => {
  throw new ScoringError("INVALID_REQUEST", message);
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !isPacked(value) &&
  !(value instanceof Uint8Array);

/** `{"b64": "..."}` alone stands for bytes; the parser has decoded it unless it is not base64. */
const isBytes = (value: unknown): value is Uint8Array | { readonly b64: string } =>
  value instanceof Uint8Array ||
  (isObject(value) && Object.keys(value).length === 1 && typeof value["b64"] === "string");

const bytesOf = (value: Uint8Array | { readonly b64: string }): Uint8Array =>
  value instanceof Uint8Array ? value : refuse("Unable to base64 decode a b64 value.");

/** @throws ScoringError INVALID_REQUEST when the body is no object or its signature_name no string */
export function bodyObject(body: unknown): Json & { readonly signature_name?: string } {
  if (!isObject(body)) return refuse("The body must be a JSON object.");
  const { signature_name: name } = body;
  if (name !== undefined && typeof name !== "string")
    refuse("'signature_name' key must be a string value.");
  return body;
}

/**
 * Reads the row form `{"instances": [...]}` or the column form `{"inputs": ...}`; pictures are `{"b64": "..."}`, decoded batches nested lists.
 * @throws ScoringError INVALID_REQUEST naming the field and what it must be
 */
export function readPredict(body: unknown, model: ModelPackage): RestPredict {
  const { instances, inputs, signature_name: signature = "" } = bodyObject(body);
  if (instances !== undefined && inputs !== undefined) {
    refuse("Not more than one of 'instances' and 'inputs' may be given.");
  }
  if (instances === undefined && inputs === undefined)
    refuse("Missing 'inputs' or 'instances' key.");
  const isRowForm = instances !== undefined;
  const named = isRowForm ? namedRows(instances, model) : namedColumn(inputs, model);
  return { signature, isRowForm, ...named };
}

interface NamedValue {
  readonly inputName: string;
  readonly value: InputValue;
}

function onlyKey(object: Json, model: ModelPackage): string {
  const keys = Object.keys(object);
  if (keys.length !== 1) {
    refuse(
      `input size does not match signature: ${keys.length}!=1; the model takes "${signatureKey(model.input)}" alone.`,
    );
  }
  const [name] = keys as [string];
  findInput(model, name);
  return name;
}

function namedRows(instances: unknown, model: ModelPackage): NamedValue {
  const inputName = signatureKey(model.input);
  if (isPacked(instances)) return { inputName, value: valueOf(instances, model.input) };
  if (!Array.isArray(instances) || instances.length === 0) {
    return refuse("'instances' must be a non-empty list.");
  }
  const [first] = instances as [unknown];
  if (!isObject(first) || isBytes(first))
    return { inputName, value: valueOf(instances, model.input) };
  const name = onlyKey(first, model);
  const rows = (instances as unknown[]).map((row, i) =>
    isObject(row) && Object.keys(row).length === 1 && name in row
      ? row[name]
      : refuse(`instances[${i}] must be an object with the key "${name}" alone, as instances[0].`),
  );
  return { inputName: name, value: valueOf(joined(rows), model.input) };
}

function namedColumn(inputs: unknown, model: ModelPackage): NamedValue {
  if (!isObject(inputs) || isBytes(inputs)) {
    const value = valueOf(isBytes(inputs) ? [inputs] : inputs, model.input);
    return { inputName: signatureKey(model.input), value };
  }
  const name = onlyKey(inputs, model);
  const given = inputs[name];
  return { inputName: name, value: valueOf(isBytes(given) ? [given] : given, model.input) };
}

/** Rows of equal shape become one batch. */
function joined(rows: unknown[]): unknown {
  if (!rows.every(isPacked)) return rows;
  const [{ dims, values: first }] = rows as [(typeof rows)[number]];
  if (rows.some((row) => String(row.dims) !== String(dims))) return rows;
  const values = new Float64Array(rows.length * first.length);
  rows.forEach((row, i) => values.set(row.values, i * first.length));
  return { dims: [rows.length, ...dims], values };
}

function valueOf(value: unknown, input: ModelInput): InputValue {
  if (isPacked(value))
    return { tensor: { dtype: input.dtype, dims: value.dims, data: value.values } };
  if (Array.isArray(value) && value.length > 0 && value.every(isBytes)) {
    return { pictures: value.map(bytesOf) };
  }
  return refuse(
    `The input "${signatureKey(input)}" must be a list of pictures, each {"b64": "..."}, or a list of decoded pictures, each nested lists of numbers of the same shape.`,
  );
}

/**
 * Reads `{"examples": [{feature: value}], "context"?: {feature: value}}` of classify and regress.
 * @throws ScoringError INVALID_REQUEST naming the field and what it must be
 */
export function readExamples(body: unknown): { signature: string; examples: Features[] } {
  const { examples, context = {}, signature_name: signature = "" } = bodyObject(body);
  if (!Array.isArray(examples) || examples.length === 0) {
    return refuse("'examples' must be a non-empty list of objects.");
  }
  if (!isObject(context)) return refuse("'context' must be an object.");
  const features = (examples as unknown[]).map((example, i): Features => {
    if (!isObject(example)) return refuse(`examples[${i}] must be an object of features.`);
    const entries = Object.entries({ ...context, ...example });
    return new Map(entries.map(([name, value]) => [name, featureOf(name, value, i)]));
  });
  return { signature, examples: features };
}

function featureOf(name: string, value: unknown, index: number) {
  if (isPacked(value)) return { bytes: [], numbers: value.values };
  if (typeof value === "number") return { bytes: [], numbers: [value] };
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.every(isBytes)) return { bytes: list.map(bytesOf), numbers: [] };
  return refuse(`examples[${index}].${name} must be {"b64": "..."} or a list of numbers.`);
}
