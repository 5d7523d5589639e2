import type { ErrorCode, ScoringError } from "../../errors";
import { topClasses } from "../../inference/classification";
import type { Renderer } from "../../inference/threads/finisher";
import type { OutputTensor } from "../../inference/tensors";
import { renderParts, type JsonPart, type JsonTensor } from "../../json/render";
import type { ModelPackage } from "../../model/modelPackage";
import { signatureDefMap } from "./signature";
import type { RegressArgs } from "./examples";
import { namedTensors, type NamedTensor, type WantedOutput } from "./predict";

const jsonTensor = ({ tensor: { dims, data }, output }: NamedTensor): JsonTensor => ({
  dims,
  data,
  numbers: output.dtype.startsWith("float") ? "float" : "integer",
});

const key = (name: string) => `${JSON.stringify(name)}:`;

const separated = (items: readonly JsonPart[][], separator = ","): JsonPart[] =>
  items.flatMap((item, i) => (i === 0 ? item : [separator, ...item]));

/** `{"outputs": value}`, or of several outputs `{"outputs": {name: value}}`. */
export function columnAnswer(tensors: readonly NamedTensor[]): JsonPart[] {
  const [only] = tensors as [NamedTensor];
  if (tensors.length === 1) return [`{"outputs":`, jsonTensor(only), "}"];
  const entries = tensors.map((tensor) => [key(tensor.name), jsonTensor(tensor)]);
  return [`{"outputs":{`, ...separated(entries), "}}"];
}

/** `{"predictions": [...]}` with a bare value for each row, or of several outputs an object. */
export function rowAnswer(tensors: readonly NamedTensor[]): JsonPart[] {
  const [only] = tensors as [NamedTensor];
  if (tensors.length === 1) return [`{"predictions":`, jsonTensor(only), "}"];
  const [count = 0] = only.tensor.dims;
  const rows = Array.from({ length: count }, (_, i) => [
    "{",
    ...separated(tensors.map((tensor) => [key(tensor.name), rowOf(jsonTensor(tensor), i, count)])),
    "}",
  ]);
  return [`{"predictions":[`, ...separated(rows), "]}"];
}

function rowOf({ dims, data, numbers }: JsonTensor, index: number, count: number): JsonTensor {
  const length = data.length / count;
  return { dims: dims.slice(1), data: data.slice(index * length, (index + 1) * length), numbers };
}

/** Forms of the answers of TensorFlow Serving's REST interface. */
export const restForms = {
  predict: "tensorflow/predict",
  classify: "tensorflow/classify",
  regress: "tensorflow/regress",
} as const;

/** What {@link restForms}.predict needs to know. */
export interface RestPredictArgs {
  readonly outputs: readonly WantedOutput[];
  /** Whether the request had `instances`, and the answer has `predictions`. */
  readonly isRowForm: boolean;
}

const renderPredict: Renderer<RestPredictArgs> = (model, pictures, { outputs, isRowForm }) => {
  const tensors = namedTensors(model, outputs, pictures);
  return {
    parts: [renderParts(isRowForm ? rowAnswer(tensors) : columnAnswer(tensors))],
  };
};

/** `{"results": [[[label, score], ...], ...]}` */
const renderClassify: Renderer<object> = (model, pictures) => {
  const results = pictures.map(({ outputs }) =>
    topClasses(model, outputs, Infinity).map(({ label, probability }) => [label, probability]),
  );
  return { parts: [Buffer.from(JSON.stringify({ results }))] };
};

/** `{"results": [value, ...]}` */
const renderRegress: Renderer<RegressArgs> = (_model, pictures, { output }) => {
  const results = pictures.map(({ outputs }) => scalarOf(outputs, output));
  return { parts: [Buffer.from(JSON.stringify({ results }))] };
};

/** The one value of an output. */
export const scalarOf = (outputs: readonly OutputTensor[], name: string): number =>
  Number(outputs.find((tensor) => tensor.name === name)?.data[0]);

/** Writes {@link restForms}. */
export const restRenderers = {
  [restForms.predict]: renderPredict,
  [restForms.classify]: renderClassify,
  [restForms.regress]: renderRegress,
} as const;

/** The answer to GET /v1/models/NAME/metadata, as protobuf's JSON writes GetModelMetadataResponse: 64-bit integers are strings. */
export function metadataAnswer(model: ModelPackage): unknown {
  const { signature_def: signatures } = signatureDefMap(model);
  const type = "type.googleapis.com/tensorflow.serving.SignatureDefMap";
  return {
    model_spec: { name: model.name, signature_name: "", version: model.version },
    metadata: { signature_def: { "@type": type, signature_def: withTextSizes(signatures) } },
  };
}

const withTextSizes = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, inner: unknown) => (name === "size" ? String(inner) : inner)),
  );

/** TensorFlow Serving's REST status follows from its gRPC status; where that differs from our own HTTP status. */
const otherStatus: Partial<Record<ErrorCode, number>> = {
  QUEUE_WAIT_EXCEEDED: 429,
  UNSUPPORTED_FORMAT: 400,
  MODEL_FAILED: 500,
};

/** HTTP status of an error under `/v1/models`. */
export const restStatus = (error: ScoringError): number =>
  otherStatus[error.code] ?? error.httpStatus;
