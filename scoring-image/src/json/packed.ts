import { ScoringError } from "../errors";
import type { TensorValues } from "../inference/messages";

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

/** Text, and tensors that are written as nested arrays. */
export type JsonPart = string | JsonTensor;

export interface JsonTensor {
  readonly dims: readonly number[];
  readonly data: TensorValues;
  /** Whole numbers get a decimal point, which tells a reader that the tensor is one of floats. */
  readonly isFloat: boolean;
}

/** Marks a token that JSON does not have, while it is parsed as a string. No text of a request begins with it unless it was written so. */
const mark = "\u0000";
const tokens: Readonly<Record<string, number>> = {
  [`${mark}NaN`]: NaN,
  [`${mark}Infinity`]: Infinity,
  [`${mark}-Infinity`]: -Infinity,
};

/**
 * Parses a JSON text, with the tokens NaN, Infinity and -Infinity; rectangular arrays of numbers become {@link PackedArray}s.
 * @throws ScoringError INVALID_REQUEST when the text is not JSON
 */
export function parsePacked(bytes: Uint8Array): unknown {
  try {
    return pack(parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? `: ${cause.message.slice(0, 200)}` : "";
    throw new ScoringError("INVALID_REQUEST", `The body is not JSON${reason}.`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    const quoted = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/gs, (found) =>
      found.startsWith('"') ? found : `"\\u0000${found}"`,
    );
    return JSON.parse(quoted);
  }
}

function pack(value: unknown): unknown {
  if (typeof value === "string") return tokens[value] ?? value;
  if (typeof value !== "object" || value === null) return value;
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).map(([key, inner]) => [key, pack(inner)] as const);
    return Object.fromEntries(entries);
  }
  if (value.length === 0) return value;
  const items = value.map((item) => (typeof item === "number" ? item : pack(item)));
  if (items.every((item) => typeof item === "number")) {
    return { dims: [items.length], values: Float64Array.from(items) };
  }
  return items.every(isPacked) ? (join(items) ?? items) : items;
}

function join(items: readonly PackedArray[]): PackedArray | undefined {
  const [{ dims, values: first }] = items as [PackedArray];
  const shape = String(dims);
  if (items.some((item) => String(item.dims) !== shape)) return undefined;
  const values = new Float64Array(items.length * first.length);
  items.forEach((item, i) => values.set(item.values, i * first.length));
  return { dims: [items.length, ...dims], values };
}

/** Writes text and tensors one after the other, numbers that JSON does not have as NaN, Infinity and -Infinity. */
export const renderParts = (parts: readonly JsonPart[]): Buffer =>
  Buffer.from(parts.map((part) => (typeof part === "string" ? part : nested(part, 0, 0))).join(""));

function nested({ dims, data, isFloat }: JsonTensor, depth: number, start: number): string {
  if (depth === dims.length) return numberText(Number(data[start]), isFloat);
  const stride = dims.slice(depth + 1).reduce((product, size) => product * size, 1);
  const items = Array.from({ length: dims[depth] as number }, (_, i) =>
    nested({ dims, data, isFloat }, depth + 1, start + i * stride),
  );
  return `[${items.join(",")}]`;
}

const numberText = (value: number, isFloat: boolean) =>
  isFloat && Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);
