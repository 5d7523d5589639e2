import { classificationOutput, probabilitiesOf, topClasses } from "../../inference/classification";
import { detectionsOf } from "../../inference/detections";
import type { OutputTensor } from "../../inference/tensors";
import type { Renderer } from "../../inference/threads/finisher";
import { renderParts, type JsonPart, type JsonTensor } from "../../json/render";
import type { ModelPackage } from "../../model/modelPackage";

/** The form of `/score`'s answers, as JSON; see {@link answerOf}. */
export const scoresForm = "azureml/scores";

/** Writes {@link scoresForm}. @throws ScoringError as `answerOf` */
export const renderScores: Renderer<{ readonly top?: number }> = (model, [picture], { top }) => ({
  isText: true,
  parts: [renderParts(answerOf(model, picture?.outputs ?? [], top))],
});

/**
 * What `/score` answers, as parts of a JSON text: a detector's `[[{label, index, score, box}, ...]]`; a classifier's `[[p0, p1, ...]]` of shape
 * [1, classes]; of another model its one output, nested; of several outputs an object by output name. int64 values become numbers, as JSON
 * has no other.
 * @param top a classifier then answers its so many most probable classes, a detector no more than so many boxes
 * @throws ScoringError INVALID_REQUEST when `top` is given and the model neither detects nor classifies
 */
export function answerOf(
  model: ModelPackage,
  outputs: readonly OutputTensor[],
  top?: number,
): JsonPart[] {
  if (model.detection) return [JSON.stringify([detectionsOf(model, outputs, top)])];
  if (top !== undefined) return [JSON.stringify([topClasses(model, outputs, top)])];
  const classes = classificationOutput(model);
  if (classes) {
    const data = probabilitiesOf(classes, outputs);
    return [{ dims: [1, data.length], data, numbers: "plain" }];
  }
  const nested = outputs.map(({ data, dims }): JsonTensor => ({ dims, data, numbers: "plain" }));
  if (nested.length === 1) return nested;
  const entries = nested.flatMap((tensor, i): JsonPart[] => [
    `${i === 0 ? "{" : ","}${JSON.stringify(outputs[i]?.name)}:`,
    tensor,
  ]);
  return [...entries, "}"];
}
