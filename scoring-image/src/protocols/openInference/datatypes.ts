import { ScoringError } from "../../errors";
import type { TensorValues } from "../../inference/tensors";
import { datatypes, type Datatype, type TensorDtype } from "../../proto/datatypes";
import type { InferOutput, InputData } from "./messages";

/** The protocol's name of a dtype. */
export const datatypeOf = (dtype: TensorDtype): Datatype => datatypes[dtype];

/** @throws ScoringError INVALID_REQUEST beginning with the input's name */
export function refuse(input: string, what: string): never {
  throw new ScoringError("INVALID_REQUEST", `The input "${input.slice(0, 100)}" ${what}.`);
}

/**
 * Number of elements that a shape promises. Nothing is ever allocated by it: the data must be as long as it says.
 * @throws ScoringError INVALID_REQUEST when a dimension is not a whole number of at least 0
 */
export function elementCount(input: string, shape: readonly number[]): number {
  if (shape.length === 0) refuse(input, "has no shape");
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      refuse(input, `has the shape [${shape.slice(0, 8).join(",")}]; a dimension is at least 0`);
    }
  }
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws ScoringError INVALID_REQUEST when the data is not as long as the shape says */
export function checkCount(input: string, shape: readonly number[], found: number): void {
  const expected = elementCount(input, shape);
  if (found === expected) return;
  const promised = `[${shape.slice(0, 8).join(",")}] promises ${expected}`;
  refuse(input, `has ${found} elements, but its shape ${promised}`);
}

/**
 * Reads the little-endian, row-major form of binary data: each BYTES element follows its length of four bytes.
 * @param bytes moved or viewed where their alignment allows it
 * @throws ScoringError INVALID_REQUEST naming the input
 */
export function readBinary(input: string, datatype: string, bytes: Uint8Array): InputData {
  switch (datatype) {
    case "BYTES":
      return { datatype, elements: splitElements(input, bytes) };
    case "UINT8":
      return { datatype, values: Uint8Array.from(bytes) };
    case "FP32": {
      if (bytes.length % 4 !== 0) refuse(input, `has ${bytes.length} bytes, no multiple of 4`);
      // Copied because a view must begin at a multiple of 4, and because the memory is moved to a worker.
      return { datatype, values: new Float32Array(Uint8Array.from(bytes).buffer) };
    }
    default:
      return refuseDatatype(input, datatype);
  }
}

/** @throws ScoringError INVALID_REQUEST */
export const refuseDatatype = (input: string, datatype: string): never =>
  refuse(input, `has the datatype "${datatype.slice(0, 20)}"; it must be BYTES, FP32 or UINT8`);

function splitElements(input: string, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (at + 4 + length > bytes.length) {
      refuse(input, `ends in the middle of its element ${elements.length}`);
    }
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return elements;
}

/** The binary form of an output, little-endian as every machine that this server runs on. */
export function writeBinary({ data }: Pick<InferOutput, "data">): Buffer {
  if (!Array.isArray(data)) {
    const { buffer, byteOffset, byteLength } = data as TensorValues;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  const parts = (data as readonly string[]).map((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat(parts);
}
