import { z } from "zod";
import type { ScoredClass } from "../src/inference/classification";
import type { Detection } from "../src/inference/detections";

/** One output of a model that neither classifies nor detects, for one picture. */
export interface Features {
  /** Undefined where the model has one output, which its answer does not name. */
  readonly name: string | undefined;
  readonly shape: readonly number[];
  /** In C order; NaN where a value is no number. */
  readonly values: readonly number[];
}

/** Most bytes that are read of an answer. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/** Most characters of a service's sentence that are kept. */
const maxSentence = 1000;

/** Deepest nesting of a tensor in JSON. */
const maxRank = 16;

const found = { label: z.string(), index: z.number() };
const box = z.object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() });
const topSchema = z.union([
  z.array(z.object({ ...found, probability: z.number() })),
  z.array(z.object({ ...found, score: z.number(), box })),
]);

/** Classes or boxes of an answer to `/score?top=N`, no more than were asked for; undefined for any other answer. */
export function topFrom(text: string, count: number): ScoredClass[] | Detection[] | undefined {
  const answer = parse(text);
  return topSchema.safeParse(Array.isArray(answer) ? answer[0] : undefined).data?.slice(0, count);
}

/** The outputs of an answer to `/score`: nested numbers, or an object of them by name; undefined for any other answer. */
export function featuresFrom(text: string): Features[] | undefined {
  const answer = parse(text);
  if (typeof answer !== "object" || answer === null) return undefined;
  const named: [string | undefined, unknown][] = Array.isArray(answer)
    ? [[undefined, answer]]
    : Object.entries(answer);
  const outputs = named.map(([name, nested]) => tensorFrom(name, nested));
  return outputs.every((output) => output !== undefined) ? outputs : undefined;
}

function tensorFrom(name: string | undefined, nested: unknown): Features | undefined {
  const shape: number[] = [];
  for (let at = nested; Array.isArray(at); at = at[0] as unknown) {
    if (shape.push(at.length) > maxRank) return undefined;
  }
  if (!Array.isArray(nested)) return undefined;
  const leaves: unknown[] = nested.flat(shape.length - 1);
  if (leaves.length !== shape.reduce((total, size) => total * size, 1)) return undefined;
  const isValue = (leaf: unknown) =>
    leaf === null || typeof leaf === "number" || typeof leaf === "boolean";
  if (!leaves.every(isValue)) return undefined;
  return { name, shape, values: leaves.map((leaf) => (leaf === null ? NaN : Number(leaf))) };
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Code and sentence of an answer that is an error of the scoring service; undefined for any other. */
export function errorFrom(
  text: string,
): { readonly code: string; readonly message: string } | undefined {
  const error = errorSchema.safeParse(parse(text)).data?.error;
  return (
    error && {
      code: error.code.slice(0, maxSentence),
      message: error.message.slice(0, maxSentence),
    }
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
