import { elementTypes, type ElementType } from "./native/elements";

/** A tensor of a graph; dimensions that are names may vary. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: ElementType;
  readonly dims: readonly (number | string)[];
}

/** A tensor that a graph holds. */
export interface Constant {
  readonly name: string;
  readonly dtype: ElementType;
  readonly dims: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/** One operator of a graph; an attribute is an integer or a list of them. */
export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface SmallModel {
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly Constant[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/**
 * Version of ONNX's own operators, and of the format that came with it:
 * https://onnx.ai/onnx/repo-docs/Versioning.html
 */
const operatorSet = 17;
const formatVersion = 8;

/** `AttributeProto.AttributeType` */
const attributeTypes = { int: 2, ints: 7 } as const;

/**
 * Writes a small model as the bytes of an ONNX file: a `ModelProto` of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, whose field numbers these are.
 */
export function onnxModel({ nodes, constants, inputs, outputs }: SmallModel): Uint8Array {
  const graph = message(
    ...nodes.map((node) => field(1, nodeProto(node))),
    field(2, text("graph")),
    ...constants.map((constant) => field(5, tensorProto(constant))),
    ...inputs.map((value) => field(11, valueInfo(value))),
    ...outputs.map((value) => field(12, valueInfo(value))),
  );
  const operators = message(field(1, text("")), integer(2, operatorSet));
  return message(integer(1, formatVersion), field(7, graph), field(8, operators));
}

const nodeProto = ({ operator, inputs, output, attributes = {} }: GraphNode): Uint8Array =>
  message(
    ...inputs.map((name) => field(1, text(name))),
    field(2, text(output)),
    field(4, text(operator)),
    ...Object.entries(attributes).map(([name, value]) => field(5, attributeProto(name, value))),
  );

function attributeProto(name: string, value: number | readonly number[]): Uint8Array {
  if (typeof value === "number") {
    return message(field(1, text(name)), integer(3, value), integer(20, attributeTypes.int));
  }
  const values = value.map((one) => integer(8, one));
  return message(field(1, text(name)), ...values, integer(20, attributeTypes.ints));
}

const tensorProto = ({ name, dtype, dims, bytes }: Constant): Uint8Array =>
  message(
    ...dims.map((size) => integer(1, size)),
    integer(2, elementTypes[dtype]),
    field(8, text(name)),
    field(9, bytes),
  );

function valueInfo({ name, dtype, dims }: GraphValue): Uint8Array {
  const sizes = dims.map((size) =>
    field(1, message(typeof size === "number" ? integer(1, size) : field(2, text(size)))),
  );
  const tensor = message(integer(1, elementTypes[dtype]), field(2, message(...sizes)));
  return message(field(1, text(name)), field(2, message(field(1, tensor))));
}

const text = (value: string): Uint8Array => Buffer.from(value);

const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

/** A field of wire type 2: a message, text or bytes. */
const field = (number: number, content: Uint8Array): Uint8Array =>
  message(varint(8 * number + 2), varint(content.length), content);

/** A field of wire type 0. */
const integer = (number: number, value: number): Uint8Array =>
  message(varint(8 * number), varint(value));

/** @param value a whole number that is not negative */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
