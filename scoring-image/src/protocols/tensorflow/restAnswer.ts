import type { ErrorCode, ScoringError } from "../../errors";
import type { ScoredClass } from "../../inference/classification";
import { mapInTurns } from "../../inTurns";
import type { JsonPart, JsonTensor } from "../../json/render";
import type { ModelPackage } from "../../model/modelPackage";
import { signatureDefMap } from "./signature";
import type { NamedTensor } from "./predict";

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

/** `{"results": [[[label, score], ...], ...]}` */
export async function classifyAnswer(rows: readonly ScoredClass[][]): Promise<Buffer> {
  const texts = await mapInTurns(rows, (row) =>
    JSON.stringify(row.map(({ label, probability }) => [label, probability])),
  );
  return Buffer.from(`{"results":[${texts.join(",")}]}`);
}

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
