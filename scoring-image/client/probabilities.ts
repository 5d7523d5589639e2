import type { ScoredClass } from "../src/inference/classification";
import { ScoringFailure } from "./scoringFailure";

/** A tensorflow.TensorProto of an answer, as far as a classifier's is read. */
export interface TensorMessage {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: readonly { readonly size: number }[] } | null;
  readonly float_val: readonly number[];
  /** Little-endian. */
  readonly tensor_content: Uint8Array;
}

interface TopOptions {
  readonly output?: string | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly count: number;
}

/** DT_FLOAT from either of its two fields. */
function floatsOf({ float_val: values, tensor_content: content }: TensorMessage): number[] {
  if (content.length === 0) return [...values];
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  return Array.from({ length: content.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Logits and features are no answer to "which class": only what lies between 0 and 1 and sums up to 1 is. */
function isDistribution({ dtype, tensor_shape: shape }: TensorMessage, values: number[]): boolean {
  const [rows, classes, ...rest] = shape?.dim.map(({ size }) => size) ?? [];
  if (dtype !== "DT_FLOAT" || rows !== 1 || classes !== values.length || rest.length > 0) {
    return false;
  }
  const sum = values.reduce((total, value) => total + value, 0);
  return values.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-3;
}

/**
 * The most probable classes in a PredictResponse for one picture, most probable first; ties go to the lower index.
 * @throws ScoringFailure NOT_A_CLASSIFIER when no output, or not the one asked for, holds probabilities
 */
export function topOf(
  outputs: Readonly<Record<string, TensorMessage>>,
  { output, labels, count }: TopOptions,
): ScoredClass[] {
  for (const [name, tensor] of Object.entries(outputs)) {
    if (output !== undefined && name !== output) continue;
    const values = floatsOf(tensor);
    if (!isDistribution(tensor, values)) continue;
    const classes = values.map((probability, index) => ({
      label: labels?.[index] ?? String(index),
      index,
      probability,
    }));
    return classes.sort((a, b) => b.probability - a.probability).slice(0, count);
  }
  const asked = output ?? Object.keys(outputs).join(", ");
  const message = `${asked || "The answer"} holds no probabilities [1, classes]; logits get their softmax where model.json gives them an alias.`;
  throw new ScoringFailure("unavailable", "NOT_A_CLASSIFIER", message);
}
