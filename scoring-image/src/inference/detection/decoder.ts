import { pictureFrame, type ImageTransform, type PictureSize } from "../../imaging/transform";
import type { DecodedDetection, DetectionPlan } from "../../model/detection";
import { decodedNames } from "../../model/detectionOutputs";
import type { OutputTensor, TensorValues } from "../tensors";
import { decodeAnchored, type Heads } from "./anchored";
import { makeAnchors } from "./anchors";
import { byScore, suppress, type Corners, type ScoredBox } from "./suppression";

/** Turns a detector's output tensors into boxes; made once a session, as the anchors are. It knows no protocol. */
export class DetectionDecoder {
  readonly #plan: DetectionPlan;
  readonly #transform: ImageTransform;
  readonly #anchors: Float64Array;

  /** @param transform the one that made the model's input */
  constructor(plan: DetectionPlan, transform: ImageTransform) {
    this.#plan = plan;
    this.#transform = transform;
    this.#anchors = plan.kind === "anchored" ? makeAnchors(plan, transform) : new Float64Array(0);
  }

  /**
   * Decodes one picture's outputs.
   * @param picture its size, upright; the boxes are in its pixels. Without it, for an input that was no picture, in those of the model's input
   * @returns at most `maxDetections` boxes, best score first
   * @throws Error when the tensors do not have the shapes that model.json says
   */
  decode(outputs: readonly OutputTensor[], picture?: PictureSize): ScoredBox[] {
    const found =
      this.#plan.kind === "anchored"
        ? decodeAnchored(this.#heads(outputs), this.#anchors, this.#plan, this.#transform)
        : readDecoded(outputs, this.#plan, this.#transform);
    if (!picture) return found;
    const { left, top, scaleX, scaleY } = pictureFrame(this.#transform, picture);
    return found.map(({ box: [l, t, r, b], ...rest }) => ({
      ...rest,
      box: [(l + left) * scaleX, (t + top) * scaleY, (r + left) * scaleX, (b + top) * scaleY],
    }));
  }

  /** The same as tensors, padded with zeros; names, dtypes and shapes: `decodedOutputs`. */
  decodeTensors(outputs: readonly OutputTensor[], picture?: PictureSize): OutputTensor[] {
    const { maxDetections } = this.#plan;
    const found = this.decode(outputs, picture);
    const boxes = new Float32Array(4 * maxDetections);
    const classes = new Int32Array(maxDetections);
    const scores = new Float32Array(maxDetections);
    found.forEach(({ box: [left, top, right, bottom], classIndex, score }, i) => {
      boxes.set([top, left, bottom, right], 4 * i);
      classes[i] = classIndex;
      scores[i] = score;
    });
    const count = Int32Array.of(found.length);
    return [
      { name: decodedNames.boxes, dims: [1, maxDetections, 4], data: boxes },
      { name: decodedNames.classes, dims: [1, maxDetections], data: classes },
      { name: decodedNames.scores, dims: [1, maxDetections], data: scores },
      { name: decodedNames.count, dims: [1], data: count },
    ];
  }

  #heads(outputs: readonly OutputTensor[]): Heads {
    const plan = this.#plan as Extract<DetectionPlan, { kind: "anchored" }>;
    const scores = plan.scores.map((name) => tensorNamed(outputs, name));
    const boxes = joined(plan.boxes.map((name) => tensorNamed(outputs, name)));
    const heads = { boxes, scores: joined(scores), classes: scores[0]?.dims.at(-1) ?? 0 };
    const rows = this.#anchors.length / 4;
    if (boxes.length !== 4 * rows || heads.scores.length !== heads.classes * rows) {
      const counts = `${boxes.length / 4} boxes and ${heads.scores.length / heads.classes} rows of scores`;
      throw new Error(`the heads have ${counts} for ${rows} anchors`);
    }
    return heads;
  }
}

const tensorNamed = (outputs: readonly OutputTensor[], name: string) =>
  outputs.find((tensor) => tensor.name === name) as OutputTensor;

function joined(tensors: readonly OutputTensor[]): Float32Array {
  const [only] = tensors;
  if (only && tensors.length === 1) return only.data as Float32Array;
  const all = new Float32Array(tensors.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of tensors) {
    all.set(data as Float32Array, at);
    at += data.length;
  }
  return all;
}

const numbers = (data: TensorValues): number[] => Array.from(data, Number);

/** Boxes that the model has decoded itself, brought into pixels of its input, cut to it and sorted. */
function readDecoded(
  outputs: readonly OutputTensor[],
  plan: DecodedDetection,
  input: PictureSize,
): ScoredBox[] {
  const values = numbers(tensorNamed(outputs, plan.boxes).data);
  const classes = numbers(tensorNamed(outputs, plan.classes).data);
  const scores = numbers(tensorNamed(outputs, plan.scores).data);
  if (values.length !== 4 * scores.length || classes.length !== scores.length) {
    const counts = `${values.length / 4} boxes, ${scores.length} scores and ${classes.length} classes`;
    throw new Error(`the model answered with ${counts}`);
  }
  const found = scores
    .map((score, i) => ({
      score,
      classIndex: classes[i] as number,
      box: cornersOf(values.slice(4 * i, 4 * i + 4) as unknown as Corners, plan, input),
    }))
    .filter(({ score }) => score > plan.scoreThreshold)
    .sort(byScore);
  return plan.iouThreshold === undefined
    ? found.slice(0, plan.maxDetections)
    : suppress(found, plan.iouThreshold, plan.maxDetections);
}

function cornersOf(
  [a, b, c, d]: Corners,
  { corners, units }: DecodedDetection,
  { width, height }: PictureSize,
): Corners {
  const [left, top, right, bottom] = corners === "xyxy" ? [a, b, c, d] : [b, a, d, c];
  const [x, y] = units === "fraction" ? [width, height] : [1, 1];
  const within = (value: number, bound: number) => Math.min(Math.max(value, 0), bound);
  return [
    within(left * x, width),
    within(top * y, height),
    within(right * x, width),
    within(bottom * y, height),
  ];
}
