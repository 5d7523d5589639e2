import { Reader } from "protobufjs/minimal";
import { ScoringError } from "../../errors";
import { describeInput, type InputTensor } from "../../inference/inputTensor";
import type { TensorData } from "../../imaging/tensorData";
import type { ModelInput } from "../../model/modelTensors";
import { dataTypes, type WireTensor } from "./tensorWire";

/** What a caller gave for the input: encoded pictures, or a tensor that needs no imaging. */
export type InputValue =
  { readonly pictures: readonly Uint8Array[] } | { readonly tensor: InputTensor };

/**
 * Reads the values of an input tensor: DT_STRING holds encoded pictures, the model's own dtype a decoded batch. The shape is checked
 * before memory is taken for it.
 * @throws ScoringError INVALID_REQUEST naming dtype, shape or the number of values
 */
export function inputValueOf(name: string, tensor: WireTensor, input: ModelInput): InputValue {
  const dtype = dataTypes[tensor.dtype] ?? `dtype ${tensor.dtype}`;
  if (dtype === "DT_STRING") return { pictures: picturesOf(name, tensor) };
  const own = input.dtype === "uint8" ? "DT_UINT8" : "DT_FLOAT";
  if (dtype !== own) {
    const message = `The input "${name}" is ${dtype}; it must be DT_STRING, encoded pictures of shape [n], or ${own}, ${describeInput(input)}.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  const { dims } = tensor;
  const count = countOf(dims, input);
  if (count === undefined) {
    const message = `The input "${name}" has the shape [${dims.slice(0, 8).join(",")}]; it must be ${describeInput(input)}.`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  const data = valuesOf(name, tensor, count, input.dtype);
  return { tensor: { dtype: input.dtype, dims, data } };
}

function picturesOf(name: string, { dims, strings }: WireTensor): readonly Uint8Array[] {
  const expected = dims.reduce((product, size) => product * size, 1);
  if (strings.length > 0 && strings.length === expected) return strings;
  const message = `The input "${name}" has ${strings.length} values in string_val for the shape [${dims.slice(0, 8).join(",")}]; send one JPEG or PNG for each.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

/** Number of values of a batch whose rows fit the input, or undefined. A batch larger than any message is refused with it. */
function countOf(dims: readonly number[], { shape }: ModelInput): number | undefined {
  const fits =
    dims.length === shape.length && dims.every((size, i) => i === 0 || size === shape[i]);
  const count = dims.reduce((product, size) => product * size, 1);
  return fits && count >= 0 && count < 2 ** 29 ? count : undefined;
}

/** Fewer values than the shape has places repeat the last one, as TensorFlow reads a TensorProto. */
function valuesOf(
  name: string,
  tensor: WireTensor,
  count: number,
  dtype: ModelInput["dtype"],
): TensorData {
  const { content, floats, ints, single } = tensor;
  const size = dtype === "uint8" ? 1 : 4;
  const refuse = (found: string): never => {
    const message = `The input "${name}" has ${found} for ${count} places of its shape.`;
    throw new ScoringError("INVALID_REQUEST", message);
  };
  if (content.length > 0) {
    if (content.length !== count * size) refuse(`${content.length} bytes in tensor_content`);
    return dtype === "uint8" ? content : floatsOf([content]);
  }
  const found =
    dtype === "uint8"
      ? Uint8Array.from([...ints.flatMap((chunk) => varints(chunk, count)), ...single])
      : single.length > 0
        ? Float32Array.from([...floats.flatMap((chunk) => [...floatsOf([chunk])]), ...single])
        : floatsOf(floats);
  if (found.length === count) return found;
  // A single value would otherwise make a tensor as large as its shape promises.
  if (found.length === 0 || found.length > count || count > 64 * 2 ** 20) {
    refuse(`${found.length} values`);
  }
  const repeated = dtype === "uint8" ? new Uint8Array(count) : new Float32Array(count);
  repeated.set(found);
  return repeated.fill(found[found.length - 1] as number, found.length);
}

/** Copies little-endian floats, which a message holds at any offset. */
function floatsOf(chunks: readonly Uint8Array[]): Float32Array {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (length % 4 !== 0) throw new RangeError("packed floats are cut off");
  const values = new Float32Array(length / 4);
  const memory = new Uint8Array(values.buffer);
  let at = 0;
  for (const chunk of chunks) {
    memory.set(chunk, at);
    at += chunk.length;
  }
  return values;
}

function varints(chunk: Uint8Array, bound: number): number[] {
  const reader = Reader.create(chunk);
  const values: number[] = [];
  while (reader.pos < reader.len && values.length <= bound) values.push(reader.int32());
  return values;
}
