import type { AnchoredDetection } from "../../model/detection";
import { suppress, type Corners, type ScoredBox } from "./suppression";

/** One score that passed the threshold: the row of the head it stands in, and its class. */
interface Candidate {
  readonly row: number;
  readonly classIndex: number;
  readonly score: number;
}

/** Heads of one picture, the layers in one piece. */
export interface Heads {
  /** [anchors,4]: offsets of cx, cy, w, h. */
  readonly boxes: Float32Array;
  /** [anchors,classes] */
  readonly scores: Float32Array;
  readonly classes: number;
}

/** The bound is torchvision's: a side of 62.5 times its anchor is cut to the input in any case. */
const maxExponent = Math.log(1000 / 16);

/**
 * Class scores above the threshold, background left out. The softmax is only finished for rows in which a class can pass:
 * a trained detector calls nearly all of its anchors background.
 */
function* passing(heads: Heads, plan: AnchoredDetection): Generator<Candidate> {
  const { scores, classes } = heads;
  const isLogits = plan.activation === "softmax";
  const margin = Math.log(plan.scoreThreshold);
  for (let start = 0, row = 0; start < scores.length; start += classes, row++) {
    let best = -Infinity;
    for (let c = 1; c < classes; c++) best = Math.max(best, scores[start + c] as number);
    const background = scores[start] as number;
    // A class's share is at most exp(class - background).
    if (isLogits ? best - background <= margin : best <= plan.scoreThreshold) continue;
    const max = Math.max(best, background);
    let sum = 1;
    if (isLogits) {
      sum = 0;
      for (let c = 0; c < classes; c++) sum += Math.exp((scores[start + c] as number) - max);
    }
    for (let c = 1; c < classes; c++) {
      const value = scores[start + c] as number;
      const score = isLogits ? Math.exp(value - max) / sum : value;
      if (score > plan.scoreThreshold) yield { row, classIndex: c, score };
    }
  }
}

/** The best `count` of the picture or of each class, best first. */
function bestCandidates(heads: Heads, plan: AnchoredDetection): Candidate[] {
  const { count, per } = plan.candidates;
  const groups = new Map<number, Candidate[]>();
  for (const candidate of passing(heads, plan)) {
    const key = per === "class" ? candidate.classIndex : 0;
    const group = groups.get(key);
    if (group) group.push(candidate);
    else groups.set(key, [candidate]);
  }
  const byDescent = (a: Candidate, b: Candidate) => b.score - a.score;
  const best = [...groups.values()].flatMap((group) => group.sort(byDescent).slice(0, count));
  return best.sort(byDescent);
}

function decodeBox(
  heads: Heads,
  row: number,
  anchors: Float64Array,
  scaling: AnchoredDetection["scaling"],
  input: { readonly width: number; readonly height: number },
): Corners {
  const at = 4 * row;
  const offset = (i: number) => (heads.boxes[at + i] as number) * (scaling[i] as number);
  const [cx, cy, w, h] = anchors.subarray(at, at + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const x = cx + offset(0) * w;
  const y = cy + offset(1) * h;
  const halfWidth = (Math.exp(Math.min(offset(2), maxExponent)) * w) / 2;
  const halfHeight = (Math.exp(Math.min(offset(3), maxExponent)) * h) / 2;
  const within = (value: number, bound: number) => Math.min(Math.max(value, 0), bound);
  return [
    within(x - halfWidth, input.width),
    within(y - halfHeight, input.height),
    within(x + halfWidth, input.width),
    within(y + halfHeight, input.height),
  ];
}

/**
 * Decodes the raw heads of an SSD: softmax, threshold, best candidates, boxes from anchors cut to the input, non-maximum suppression.
 * @param anchors from `makeAnchors` for the same plan and input
 * @returns at most `maxDetections` boxes in pixels of the model's input, best score first
 */
export function decodeAnchored(
  heads: Heads,
  anchors: Float64Array,
  plan: AnchoredDetection,
  input: { readonly width: number; readonly height: number },
): ScoredBox[] {
  const boxes = bestCandidates(heads, plan).map(({ row, classIndex, score }) => ({
    box: decodeBox(heads, row, anchors, plan.scaling, input),
    classIndex,
    score,
  }));
  return suppress(boxes, plan.iouThreshold, plan.maxDetections);
}
