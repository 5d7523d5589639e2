import type { ModelPackage } from "../model/modelPackage";
import { decodedNames } from "../model/detectionOutputs";
import type { OutputTensor } from "./tensors";

/** One object that a detector found. */
export interface Detection {
  /** The class in words, or its index where the model has no labels. */
  readonly label: string;
  readonly index: number;
  /** 0..1 */
  readonly score: number;
  /** In pixels of the picture as it is seen upright; fractions of a pixel occur. */
  readonly box: {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
  };
}

/**
 * What a detector found in one picture, best score first, read from its decoded tensors.
 * @param count the most that are wanted
 */
export function detectionsOf(
  { detection }: ModelPackage,
  outputs: readonly OutputTensor[],
  count = Infinity,
): Detection[] {
  const values = (name: string) =>
    outputs.find((tensor) => tensor.name === name)?.data as Float32Array | Int32Array;
  const boxes = values(decodedNames.boxes);
  const classes = values(decodedNames.classes);
  const scores = values(decodedNames.scores);
  const found = Math.min(values(decodedNames.count)[0] as number, count);
  return Array.from({ length: found }, (_, i) => {
    const [top, left, bottom, right] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const index = classes[i] as number;
    return {
      label: detection?.labels?.[index] ?? String(index),
      index,
      score: scores[i] as number,
      box: { left, top, right, bottom },
    };
  });
}
