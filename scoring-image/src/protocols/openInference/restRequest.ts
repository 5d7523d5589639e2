import { z } from "zod";
import { ScoringError } from "../../errors";
import { decodeBase64 } from "../../json/base64";
import type { JsonThread } from "../../json/jsonThread";
import { firstNotByte, isPacked } from "../../json/packed";
import { elementCount, readBinary, refuse, refuseDatatype } from "./datatypes";
import type { InferRequest, InputData } from "./messages";

/** Lists of numbers come packed from the parser. */
const numberList = z.preprocess(
  (value) => (isPacked(value) && value.dims.length === 1 ? [...value.values] : value),
  z.array(z.int().nonnegative()).min(1),
);
const parameters = z.record(z.string(), z.unknown()).default({});
const inputSchema = z.object({
  name: z.string(),
  shape: numberList,
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
 * @throws ScoringError INVALID_REQUEST naming the field
 */
export async function readRestRequest(
  body: Uint8Array<ArrayBuffer>,
  jsonLength: number | undefined,
  json: JsonThread,
): Promise<RestRequest> {
  const end = jsonLength ?? body.length;
  if (end > body.length) {
    const message = `Inference-Header-Content-Length is ${end}, but the body has ${body.length} bytes.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  // What the parser moves to its thread must not be the memory of the binary data.
  const isWhole = end === body.length;
  const binary = new BinaryData(isWhole ? new Uint8Array() : body.subarray(end));
  const parsed = await json.parse(isWhole ? body : body.slice(0, end));
  const { id, inputs, outputs, parameters: ofAll } = checkRequest(parsed);
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
  if (size === undefined) return readJsonData(input);
  if (data !== undefined) refuse(name, "has data beside binary_data_size; use one of them");
  return readBinary(name, datatype, binary.take(name, size));
}

function readJsonData({ name, datatype, shape, data }: JsonInput): InputData {
  const most = elementCount(name, shape);
  const values = isPacked(data) ? numbersOf(name, data.values, most) : listOf(name, data, most);
  switch (datatype) {
    case "BYTES":
      return { datatype, elements: Array.from(values, (value) => bytesOf(name, value)) };
    case "FP32":
      return { datatype, values: new Float32Array(numbers(name, values)) };
    case "UINT8": {
      const found = numbers(name, values);
      if (firstNotByte(found) !== undefined) {
        refuse(name, "has a value that is no whole number from 0 to 255");
      }
      return { datatype, values: new Uint8Array(found) };
    }
    default:
      return refuseDatatype(name, datatype);
  }
}

function numbersOf(input: string, values: Float64Array, most: number): Float64Array {
  if (values.length > most) refuse(input, `has more than the ${most} elements of its shape`);
  return values;
}

function listOf(input: string, data: unknown, most: number): unknown[] {
  if (!Array.isArray(data)) return refuse(input, "has no data; it is a list of values");
  return flatten(input, data, most);
}

/** Row-major values of data that may be nested or flat; gives up once there are more than the shape promises. */
function flatten(input: string, data: readonly unknown[], most: number): unknown[] {
  const values: unknown[] = [];
  const pending: { list: readonly unknown[]; at: number }[] = [{ list: data, at: 0 }];
  for (let top = pending.at(-1); top; top = pending.at(-1)) {
    const value = top.list[top.at++];
    if (top.at > top.list.length) pending.pop();
    else if (isPacked(value)) pending.push({ list: [...value.values], at: 0 });
    else if (Array.isArray(value)) pending.push({ list: value as unknown[], at: 0 });
    else if (values.push(value) > most)
      refuse(input, `has more than the ${most} elements of its shape`);
  }
  return values;
}

function numbers(input: string, values: readonly unknown[] | Float64Array) {
  if (values instanceof Float64Array) return values;
  if (values.every((value) => typeof value === "number")) return values as number[];
  return refuse(input, "has data that is not a number");
}

/** A picture cannot be JSON text, so that text can only be its base64 form; `{"b64": "..."}` is TensorFlow Serving's way to say so. */
function bytesOf(input: string, value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? decodeBase64(value) : value;
  if (bytes instanceof Uint8Array) return bytes;
  return refuse(input, "has data that is not base64; send pictures so, or as binary data");
}

function classesOf({ name, parameters: own }: { name: string; parameters: object }): number {
  const count = (own as Record<string, unknown>)["classification"];
  if (count === undefined) return 0;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 1) return count;
  const message = `The parameter classification of the output "${name.slice(0, 100)}" must be a whole number of at least 1.`;
  throw new ScoringError("INVALID_REQUEST", message);
}
