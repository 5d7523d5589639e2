import type { DetectionPlan } from "./detection";
import { anchorCount } from "./detection";
import type { Dimension, ModelOutput } from "./modelTensors";

/** Names of the tensors that the decoder adds to a detector's outputs. */
export const decodedNames = {
  boxes: "decoded_boxes",
  classes: "decoded_classes",
  scores: "decoded_scores",
  count: "decoded_count",
} as const;

/**
 * The tensors that the decoder adds, best score first and padded with zeros to `maxDetections`:
 * `decoded_boxes` float32 [n,k,4] top, left, bottom, right in pixels of the picture; `decoded_classes` int32 [n,k];
 * `decoded_scores` float32 [n,k], 0..1; `decoded_count` int32 [n], how many of the k there are.
 * @param batch the input's first dimension
 */
export function decodedOutputs({ maxDetections }: DetectionPlan, batch: Dimension): ModelOutput[] {
  const output = (name: string, dtype: ModelOutput["dtype"], shape: Dimension[]): ModelOutput => ({
    name,
    aliases: [],
    dtype,
    shape,
    kind: "detections",
    isDecoded: true,
  });
  return [
    output(decodedNames.boxes, "float32", [batch, maxDetections, 4]),
    output(decodedNames.classes, "int32", [batch, maxDetections]),
    output(decodedNames.scores, "float32", [batch, maxDetections]),
    output(decodedNames.count, "int32", [batch]),
  ];
}

/** The number that a shape's inner dimensions come to, or undefined when one of them is free. */
const rowsOf = (shape: readonly Dimension[]): number | undefined => {
  const inner = shape.slice(1, -1);
  return inner.every((size) => typeof size === "number")
    ? inner.reduce((product, size) => product * size, 1)
    : undefined;
};

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.every((value) => value !== undefined)
    ? values.reduce((total, value) => total + value, 0)
    : undefined;
}

/**
 * Replaces aliases by names and checks the tensors that a detector names against its other outputs, as far as their shapes are fixed.
 * @returns the plan with tensor names, and the number of classes, or undefined where the shapes do not tell it
 * @throws Error naming the field and what is wrong with it
 */
export function bindDetection(
  plan: DetectionPlan,
  outputs: readonly ModelOutput[],
): { plan: DetectionPlan; classes: number | undefined } {
  const find = (name: string, field: string) => {
    const output = outputs.find((o) => o.name === name || o.aliases.includes(name));
    if (!output) throw new Error(`detection.${field} names "${name}", which outputs does not list`);
    if (output.kind !== "detections") {
      throw new Error(
        `detection.${field} names "${name}", whose kind is "${output.kind}": must be "detections"`,
      );
    }
    return output;
  };
  if (plan.kind === "decoded") {
    const [boxes, scores, classes] = (["boxes", "scores", "classes"] as const).map((field) =>
      find(plan[field], field),
    ) as [ModelOutput, ModelOutput, ModelOutput];
    requireLast(boxes, 4, "boxes");
    const names = { boxes: boxes.name, scores: scores.name, classes: classes.name };
    return { plan: { ...plan, ...names }, classes: undefined };
  }
  const boxes = plan.boxes.map((name) => find(name, "boxes"));
  const scores = plan.scores.map((name) => find(name, "scores"));
  for (const output of boxes) requireLast(output, 4, "boxes");
  const classes = scores[0]?.shape.at(-1);
  for (const output of scores) requireLast(output, classes as Dimension, "scores");
  for (const [field, found] of [
    ["boxes", sum(boxes.map(({ shape }) => rowsOf(shape)))],
    ["scores", sum(scores.map(({ shape }) => rowsOf(shape)))],
  ] as const) {
    const expected = anchorCount(plan.layers);
    if (found === undefined || found === expected) continue;
    throw new Error(
      `detection.${field} has ${found} boxes, but detection.layers has ${expected} anchors`,
    );
  }
  const names = { boxes: boxes.map(({ name }) => name), scores: scores.map(({ name }) => name) };
  return {
    plan: { ...plan, ...names },
    classes: typeof classes === "number" ? classes : undefined,
  };
}

function requireLast({ name, shape, dtype }: ModelOutput, size: Dimension, field: string): void {
  if (dtype !== "float32") {
    throw new Error(`detection.${field} names "${name}", which is ${dtype}: must be float32`);
  }
  if (shape.at(-1) !== size) {
    throw new Error(
      `detection.${field} names "${name}", whose shape ends in ${shape.at(-1)}: must end in ${size}`,
    );
  }
}
