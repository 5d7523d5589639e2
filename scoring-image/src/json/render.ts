import type { TensorValues } from "../inference/tensors";
import { floatText, isWritable } from "./floatText";

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

/** Writes text and tensors one after the other; float32 values with the fewest digits that read back as the same float32. */
export function renderParts(parts: readonly JsonPart[]): Buffer {
  const pieces: Buffer[] = [];
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else if (part.data instanceof Float32Array && isWritable(part.dims, part.data)) {
      pieces.push(Buffer.from(text), ...floatText(part.dims, part.data, part.numbers === "plain"));
      text = "";
    } else text += nested(part, 0, 0);
  }
  return Buffer.concat([...pieces, Buffer.from(text)]);
}

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
