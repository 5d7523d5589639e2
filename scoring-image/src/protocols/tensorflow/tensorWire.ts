import type { Reader, Writer } from "protobufjs/minimal";
import { ScoringError } from "../../errors";
import type { OutputTensor, TensorValues } from "../../inference/tensors";
import type { ModelOutput } from "../../model/modelTensors";

/** TensorFlow's names of its dtypes by number; tensorflow/core/framework/types.proto. */
export const dataTypes: Readonly<Record<number, string>> = {
  1: "DT_FLOAT",
  2: "DT_DOUBLE",
  3: "DT_INT32",
  4: "DT_UINT8",
  5: "DT_INT16",
  6: "DT_INT8",
  7: "DT_STRING",
  9: "DT_INT64",
  10: "DT_BOOL",
  17: "DT_UINT16",
  19: "DT_HALF",
  22: "DT_UINT32",
  23: "DT_UINT64",
};

/** A TensorProto as it came, before its values are looked at: a shape may promise anything. */
export interface WireTensor {
  readonly dtype: number;
  readonly dims: readonly number[];
  readonly content: Uint8Array;
  readonly strings: readonly Uint8Array[];
  /** Packed `float_val`, little-endian. */
  readonly floats: readonly Uint8Array[];
  /** Packed `int_val`, varints. */
  readonly ints: readonly Uint8Array[];
  /** `float_val` or `int_val` sent one by one, as old encoders do. */
  readonly single: readonly number[];
}

/** Most dimensions that are read from one tensor; each costs far more memory than the two bytes it takes in a message. */
const maxRank = 254;

const varint = 0;
const bytes = 2;
const fixed32 = 5;

/** Calls `read` for every field of a message of `length` bytes; what it does not know must be skipped there. */
export function eachField(
  reader: Reader,
  length: number,
  read: (field: number, wireType: number) => void,
): void {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("the message is cut off");
  while (reader.pos < end) {
    const tag = reader.uint32();
    read(tag >>> 3, tag & 7);
  }
  if (reader.pos !== end) throw new RangeError("a field runs over the end of its message");
}

/** @throws RangeError when a field has another wire type than its message says */
export function expectType(actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`wire type ${actual} instead of ${expected}`);
}

function bounded(list: unknown[], bound: number, what: string): void {
  if (list.length < bound) return;
  throw new ScoringError("INVALID_REQUEST", `A tensor has more than ${bound} ${what}.`);
}

/** Reads a TensorProto; strings and packed values stay views of the message. */
export function readTensor(reader: Reader, length: number): WireTensor {
  const floats: Uint8Array[] = [];
  const ints: Uint8Array[] = [];
  const strings: Uint8Array[] = [];
  const single: number[] = [];
  let dtype = 0;
  let dims: number[] = [];
  let content: Uint8Array = new Uint8Array();
  eachField(reader, length, (field, type) => {
    if (field === 1) {
      expectType(type, varint);
      dtype = reader.int32();
    } else if (field === 2) {
      expectType(type, bytes);
      dims = readShape(reader);
    } else if (field === 4) {
      expectType(type, bytes);
      content = reader.bytes();
    } else if (field === 5 && type === fixed32) single.push(reader.float());
    else if (field === 7 && type === varint) single.push(reader.int32());
    else if (field === 5 || field === 7) {
      expectType(type, bytes);
      (field === 5 ? floats : ints).push(reader.bytes());
    } else if (field === 8) {
      expectType(type, bytes);
      strings.push(reader.bytes());
    } else reader.skipType(type);
  });
  return { dtype, dims, content, strings, floats, ints, single };
}

function readShape(reader: Reader): number[] {
  const dims: number[] = [];
  eachField(reader, reader.uint32(), (field, type) => {
    if (field !== 2) {
      reader.skipType(type);
      return;
    }
    expectType(type, bytes);
    bounded(dims, maxRank, "dimensions");
    let size = 0;
    eachField(reader, reader.uint32(), (inner, innerType) => {
      if (inner !== 1) reader.skipType(innerType);
      else {
        expectType(innerType, varint);
        size = Number(reader.int64());
      }
    });
    dims.push(size);
  });
  return dims;
}

interface OutputCoding {
  readonly dtype: number;
  readonly field: number;
  /** Packed values of the dtype's own field, if they are not the tensor's memory. */
  readonly write?: (writer: Writer, data: TensorValues) => void;
}

const asInt32 = (writer: Writer, data: TensorValues) =>
  data.forEach((v) => writer.int32(Number(v)));

/** How an output's dtype is sent. Packed floats and doubles are the memory of the tensor itself, little-endian. */
const codings: Readonly<Record<ModelOutput["dtype"], OutputCoding>> = {
  float32: { dtype: 1, field: 5 },
  float64: { dtype: 2, field: 6 },
  int32: { dtype: 3, field: 7, write: asInt32 },
  uint8: { dtype: 4, field: 7, write: asInt32 },
  int8: { dtype: 6, field: 7, write: asInt32 },
  int64: {
    dtype: 9,
    field: 10,
    write: (writer, data) => data.forEach((v) => writer.int64(String(v))),
  },
  bool: { dtype: 10, field: 11, write: (writer, data) => data.forEach((v) => writer.bool(!!v)) },
};

/** DataType of an output, by name. */
export const dataTypeOf = (dtype: ModelOutput["dtype"]): string =>
  dataTypes[codings[dtype].dtype] as string;

const memoryOf = ({ buffer, byteOffset, byteLength }: TensorValues) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Writes an output as a TensorProto with its full shape: in the field of its dtype, which is all that old clients read, or as `tensor_content`.
 * @param asContent packs the values into `tensor_content`
 */
export function writeTensor(
  writer: Writer,
  { dims, data }: OutputTensor,
  type: ModelOutput["dtype"],
  asContent: boolean,
): void {
  const { dtype, field, write } = codings[type];
  writer.uint32(8).int32(dtype);
  writer.uint32(18).fork();
  for (const size of dims) writer.uint32(18).fork().uint32(8).int64(size).ldelim();
  writer.ldelim();
  if (asContent) writer.uint32(34).bytes(memoryOf(data));
  else if (!write) writer.uint32((field << 3) | bytes).bytes(memoryOf(data));
  else {
    writer.uint32((field << 3) | bytes).fork();
    write(writer, data);
    writer.ldelim();
  }
}
