import { z } from "zod";
import { ScoringError } from "../../errors";
import type { CallContext } from "../../inference/call";
import type { JsonThread } from "../../json/jsonThread";
import { isPacked } from "../../json/packed";
import { readBinary, refuse, refuseDatatype } from "./datatypes";
import type { InferRequest, InputData } from "./messages";
import { refuseSharedMemory } from "./sharedMemory";

/** Far more dimensions than tensors have. */
const maxRank = 32;

/** Lists of numbers come packed from the parser, and may be of any length. */
const shapeSchema = z.preprocess(
  (value) =>
    isPacked(value) && value.dims.length === 1 ? [...value.values.subarray(0, maxRank + 1)] : value,
  z.array(z.int().nonnegative()).min(1).max(maxRank),
);
const parameters = z.record(z.string(), z.unknown()).default({});
const inputSchema = z.object({
  name: z.string(),
  shape: shapeSchema,
  datatype: z.string(),
  parameters,
  // Looked at where it is read: a schema would visit every number of a tensor.
  data: z.unknown().optional(),
});
const requestSchema = z.object({
  id: z.string().max(1000).default(""),
  parameters,
  inputs: z.array(inputSchema),
  outputs: z.array(z.object({ name: z.string(), parameters })).default([]),
});

type JsonInput = z.infer<typeof inputSchema>;

/** A request with what only REST has: how the answer is to be written. */
export interface RestRequest extends InferRequest {
  readonly id: string;
  /** Whether an output is to be sent as binary data. */
  readonly isBinary: (output: number) => boolean;
}

/**
 * Reads the body of an inference request: JSON, and after it the binary data of its inputs, one after the other.
 * @param body moved to the JSON parser's thread when it is a large JSON
 * @param jsonLength of the header Inference-Header-Content-Length; undefined when all is JSON
 * @param context how long the caller waits for the JSON to be parsed
 * @throws ScoringError INVALID_REQUEST naming the field
 */
export async function readRestRequest(
  body: Uint8Array<ArrayBuffer>,
  jsonLength: number | undefined,
  json: JsonThread,
  context: CallContext,
): Promise<RestRequest> {
  const end = jsonLength ?? body.length;
  if (end > body.length) {
    const message = `Inference-Header-Content-Length is ${end}, but the body has ${body.length} bytes.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  // What the parser moves to its thread must not be the memory of the binary data.
  const isWhole = end === body.length;
  const binary = new BinaryData(isWhole ? new Uint8Array() : body.subarray(end));
  const parsed = await json.parse(isWhole ? body : body.slice(0, end), context);
  const request = checkRequest(parsed);
  refuseSharedMemory(request);
  const { id, inputs, outputs, parameters: ofAll } = request;
  const read = inputs.map((input) => ({
    name: input.name,
    shape: input.shape,
    data: readData(input, binary),
  }));
  binary.checkEnd();
  return {
    id,
    inputs: read,
    outputs: outputs.map((output) => ({ name: output.name, classes: classesOf(output) })),
    isBinary: (index) => {
      const own = outputs[index]?.parameters["binary_data"];
      return (own ?? ofAll["binary_data_output"]) === true;
    },
  };
}

function checkRequest(json: unknown): z.infer<typeof requestSchema> {
  const parsed = requestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new ScoringError("INVALID_REQUEST", `The field "${field}": ${issue?.message}.`);
}

/** What follows the JSON; each input takes its part in turn. */
class BinaryData {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(input: string, size: unknown): Uint8Array {
    const rest = this.bytes.length - this.#at;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || size > rest) {
      const shown = JSON.stringify(size)?.slice(0, 20);
      refuse(input, `has binary_data_size ${shown}, but ${rest} bytes of binary data are left`);
    }
    const start = this.#at;
    this.#at += size;
    return this.bytes.subarray(start, this.#at);
  }

  checkEnd(): void {
    const rest = this.bytes.length - this.#at;
    if (rest === 0) return;
    const message = `${rest} bytes follow the request's JSON and the binary data that it names.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
}

function readData(input: JsonInput, binary: BinaryData): InputData {
  const { name, datatype, data, parameters: own } = input;
  const size = own["binary_data_size"];
  if (size === undefined && data === undefined) refuse(name, "has no data; it is a list of values");
  if (size === undefined) return readJsonData(input);
  if (data !== undefined) refuse(name, "has data beside binary_data_size; use one of them");
  return readBinary(name, datatype, binary.take(name, size));
}

function readJsonData({ name, datatype, data }: JsonInput): InputData {
  switch (datatype) {
    case "BYTES":
      return { datatype, elements: elementsOf(name, data) };
    case "FP32":
    case "UINT8":
      return { datatype, values: numbersOf(name, data) };
    default:
      return refuseDatatype(name, datatype);
  }
}

/** Row-major values of a list that may be flat or nested; the parser has packed them, unless there are none. */
function numbersOf(input: string, data: unknown): Float64Array {
  if (isPacked(data)) return data.values;
  if (Array.isArray(data) && data.length === 0) return new Float64Array();
  return refuse(
    input,
    "has data that is no list of numbers, flat or nested in rows of equal length",
  );
}

/**
 * Pictures of a list that may be flat or nested. A picture cannot be JSON text, so that text can only be its base64 form, which the parser has decoded;
 * `{"b64": "..."}` is TensorFlow Serving's way to say so.
 */
function elementsOf(input: string, data: unknown): Uint8Array[] {
  const elements = Array.isArray(data) ? (data.flat(Infinity) as unknown[]) : [undefined];
  return elements.map((element) =>
    element instanceof Uint8Array
      ? element
      : refuse(
          input,
          "has data that is no list of base64 texts; send pictures so, or as binary data",
        ),
  );
}

function classesOf({ name, parameters: own }: { name: string; parameters: object }): number {
  const count = (own as Record<string, unknown>)["classification"];
  if (count === undefined) return 0;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 1) return count;
  const message = `The parameter classification of the output "${name.slice(0, 100)}" must be a whole number of at least 1.`;
  throw new ScoringError("INVALID_REQUEST", message);
}
