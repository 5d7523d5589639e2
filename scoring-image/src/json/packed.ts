import { ScoringError } from "../errors";
import type { TensorValues } from "../inference/messages";
import { decodeBase64 } from "./base64";

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

/** The first value that is no whole number from 0 to 255; undefined when all are. */
export function firstNotByte(values: ArrayLike<number>): number | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if ((value & 255) !== value) return value;
  }
  return undefined;
}

/** Text, and tensors that are written as nested arrays. */
export type JsonPart = string | JsonTensor;

export interface JsonTensor {
  /** Nesting of the arrays; one dimension for a flat one. */
  readonly dims: readonly number[];
  readonly data: TensorValues;
  readonly numbers: NumberForm;
}

/**
 * How numbers are written: `plain` as JSON.stringify does, which makes null of what JSON does not have; `float` and `integer` with NaN, Infinity
 * and -Infinity, `float` giving whole numbers a decimal point, which tells a reader that the tensor is one of floats.
 */
export type NumberForm = "plain" | "float" | "integer";

/** Marks a token that JSON does not have, while it is parsed as a string. No text of a request begins with it unless it was written so. */
const mark = "\u0000";
const tokens: Readonly<Record<string, number>> = {
  [`${mark}NaN`]: NaN,
  [`${mark}Infinity`]: Infinity,
  [`${mark}-Infinity`]: -Infinity,
};

/**
 * Parses a JSON text, with the tokens NaN, Infinity and -Infinity; rectangular arrays of numbers become {@link PackedArray}s, and
 * objects of `b64` alone, by which TensorFlow Serving says bytes, become Uint8Arrays unless that is not base64.
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
    const entries = Object.entries(value);
    const [[key, only] = []] = entries;
    const bytes =
      entries.length === 1 && key === "b64" && typeof only === "string" && decodeBase64(only);
    if (bytes) return bytes;
    return Object.fromEntries(entries.map(([name, inner]) => [name, pack(inner)] as const));
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

/** Writes text and tensors one after the other. */
export const renderParts = (parts: readonly JsonPart[]): Buffer =>
  Buffer.from(parts.map((part) => (typeof part === "string" ? part : nested(part, 0, 0))).join(""));

function nested(tensor: JsonTensor, depth: number, start: number): string {
  const { dims, data, numbers } = tensor;
  if (depth === dims.length) return numberText(Number(data[start]), numbers);
  const stride = dims.slice(depth + 1).reduce((product, size) => product * size, 1);
  const items = Array.from({ length: dims[depth] as number }, (_, i) =>
    nested(tensor, depth + 1, start + i * stride),
  );
  return `[${items.join(",")}]`;
}

function numberText(value: number, form: NumberForm): string {
  if (form === "plain") return Number.isFinite(value) ? String(value) : "null";
  const isWhole = form === "float" && Number.isInteger(value) && Math.abs(value) < 1e15;
  return isWhole ? `${value}.0` : String(value);
}
