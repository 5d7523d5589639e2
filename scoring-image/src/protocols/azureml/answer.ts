import { classificationOutput, probabilitiesOf, topClasses } from "../../inference/classification";
import { detectionsOf } from "../../inference/detections";
import type { OutputTensor, TensorValues } from "../../inference/messages";
import type { ModelPackage } from "../../model/modelPackage";

/** A tensor's values as nested lists, outermost dimension first. */
export type Nested = readonly (number | Nested)[];

/**
 * Nests a flat tensor by its dimensions. int64 values become numbers, as JSON has no other.
 * @param dims at least one dimension
 */
export function nest(data: TensorValues, dims: readonly number[]): Nested {
  const [size = 0, ...inner] = dims;
  if (inner.length === 0) return Array.from(data, Number);
  const length = data.length / size;
  return Array.from({ length: size }, (_, i) =>
    nest(data.subarray(i * length, (i + 1) * length), inner),
  );
}

/**
 * What `/score` answers: a detector's `[[{label, index, score, box}, ...]]`; a classifier's `[[p0, p1, ...]]` of shape [1, classes]; of
 * another model its one output, nested; of several outputs an object by output name.
 * @param top a classifier then answers its so many most probable classes, a detector no more than so many boxes
 * @throws ScoringError INVALID_REQUEST when `top` is given and the model neither detects nor classifies
 */
export function answerOf(
  model: ModelPackage,
  outputs: readonly OutputTensor[],
  top?: number,
): unknown {
  if (model.detection) return [detectionsOf(model, outputs, top)];
  if (top !== undefined) return [topClasses(model, outputs, top)];
  const classes = classificationOutput(model);
  if (classes) return [Array.from(probabilitiesOf(classes, outputs))];
  const nested = outputs.map(({ name, data, dims }) => [name, nest(data, dims)] as const);
  return nested.length === 1 ? nested[0]?.[1] : Object.fromEntries(nested);
}
