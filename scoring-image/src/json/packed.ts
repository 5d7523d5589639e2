import { ScoringError } from "../errors";
import { decodeBase64 } from "./base64";
import { maxJsonDepth, maxJsonValues } from "../limits/bounds";
import { refuse, refuseCrowded, refuseValues } from "./bounds";
import { tokens, withTokensQuoted } from "./tokens";

/** A rectangular array of numbers of a JSON text, as one block: nested arrays of a picture's 150,000 numbers are slow to hand over. */
export interface PackedArray {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

export const isPacked = (value: unknown): value is PackedArray =>
  typeof value === "object" &&
  value !== null &&
  "values" in value &&
  value.values instanceof Float64Array;

/** Most dimensions of what is packed. */
const maxRank = 8;

/**
 * Parses a JSON text, with the tokens NaN, Infinity and -Infinity, into few values: rectangular arrays of numbers become {@link PackedArray}s. What
 * says that it is bytes becomes Uint8Arrays unless it is not base64: TensorFlow Serving's objects of `b64` alone, and texts in the `data` of an
 * Open Inference tensor of the datatype BYTES.
 * @throws ScoringError INVALID_REQUEST when the text is not JSON, or holds too many values
 */
export function parsePacked(bytes: Uint8Array): unknown {
  refuseCrowded(bytes);
  const value = parse(bytes);
  let left = maxJsonValues;
  return pack(value, maxJsonDepth, false);

  function pack(value: unknown, depth: number, isBytes: boolean): unknown {
    if (depth === 0) refuse(`is nested more than ${maxJsonDepth} deep`);
    if (--left < 0) refuseValues();
    if (typeof value === "string") {
      return (isBytes ? decodeBase64(value) : tokens.get(value)) ?? value;
    }
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      return packArray(value) ?? value.map((item) => pack(item, depth - 1, isBytes));
    }
    const entries = Object.entries(value);
    const isInput = entries.some(([name, inner]) => name === "datatype" && inner === "BYTES");
    const packed = entries.map(([name, inner]) => {
      const areBytes = name === "data" ? isInput : name === "b64" && entries.length === 1;
      return [name, pack(inner, depth - 1, areBytes)] as const;
    });
    const [[name, only] = []] = packed;
    if (packed.length === 1 && name === "b64" && only instanceof Uint8Array) return only;
    return Object.fromEntries(packed);
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

function parse(bytes: Uint8Array): unknown {
  try {
    const text = textOf(bytes);
    try {
      return JSON.parse(text);
    } catch (error) {
      const quoted = withTokensQuoted(bytes);
      if (!quoted) throw error;
      return JSON.parse(textOf(quoted));
    }
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? `: ${cause.message.slice(0, 200)}` : "";
    throw new ScoringError("INVALID_REQUEST", `The body is not JSON${reason}.`, { cause });
  }
}

const isNumber = (value: unknown) => typeof value === "number" || tokens.has(value);

/** Undefined unless the array holds numbers alone, in rows of equal length. */
function packArray(list: readonly unknown[]): PackedArray | undefined {
  const dims: number[] = [];
  let item: unknown = list;
  for (; Array.isArray(item) && item.length > 0 && dims.length < maxRank; item = item[0]) {
    dims.push(item.length);
  }
  // Nothing is allocated by a shape before every row has been seen to have it.
  if (!isNumber(item) || !isOfShape(list, dims, 0)) return undefined;
  const values = new Float64Array(dims.reduce((product, size) => product * size, 1));
  let at = 0;
  const fill = (rows: readonly unknown[], depth: number) => {
    if (depth < dims.length) for (const row of rows) fill(row as unknown[], depth + 1);
    else for (const value of rows) values[at++] = tokens.get(value) ?? (value as number);
  };
  fill(list, 1);
  return { dims, values };
}

const isOfShape = (list: readonly unknown[], dims: readonly number[], depth: number): boolean =>
  list.length === dims[depth] &&
  (depth === dims.length - 1
    ? list.every(isNumber)
    : list.every((row) => Array.isArray(row) && isOfShape(row, dims, depth + 1)));
