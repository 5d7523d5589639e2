import assert from "node:assert/strict";
import { makeAnchors } from "../../../../scoring-image/src/inference/detection/anchors";
import { DetectionDecoder } from "../../../../scoring-image/src/inference/detection/decoder";
import { overlap, suppress } from "../../../../scoring-image/src/inference/detection/suppression";
import type { ImageTransform } from "../../../../scoring-image/src/imaging/transform";
import {
  resolveDetection,
  type AnchoredDetection,
} from "../../../../scoring-image/src/model/detection";
import { golden } from "../../../support/detectors";

const stretch: ImageTransform = {
  height: 300,
  width: 300,
  resize: { to: "stretch" },
  kernel: "legacyBilinear",
  order: "RGB",
  mean: [0, 0, 0],
  scale: [1, 1, 1],
  layout: "NCHW",
  dtype: "float32",
};

/** Outputs of a model that decodes its boxes itself. */
const decoded = (boxes: number[][], scores: number[], classes: bigint[]) => [
  { name: "b", dims: [1, boxes.length, 4], data: Float32Array.from(boxes.flat()) },
  { name: "s", dims: [1, boxes.length], data: Float32Array.from(scores) },
  { name: "c", dims: [1, boxes.length], data: BigInt64Array.from(classes) },
];

const decodedPlan = (options: object = {}) =>
  resolveDetection({
    preset: "decoded",
    boxes: "b",
    scores: "s",
    classes: "c",
    corners: "xyxy",
    units: "fraction",
    ...options,
  });

describe("inference/detection", () => {
  it("has torchvision's anchors for ssd300_vgg16", () => {
    const expected = golden<{ count: number; every: number; anchors: number[][] }>(
      "torchvision-anchors",
    );
    const plan = resolveDetection({
      preset: "torchvision",
      boxes: ["b"],
      scores: ["s"],
      activation: "softmax",
    }) as AnchoredDetection;
    const anchors = makeAnchors(plan, stretch);
    assert.equal(anchors.length, 4 * expected.count);
    expected.anchors.forEach((wanted, i) => {
      const at = 4 * i * expected.every;
      const found = [...anchors.subarray(at, at + 4)];
      const far = found.findIndex((value, j) => Math.abs(value - (wanted[j] as number)) > 1e-3);
      assert.equal(far, -1, `anchor ${i * expected.every}: ${found.join()} for ${wanted.join()}`);
    });
  });

  it("measures overlap as intersection over union", () => {
    assert.equal(overlap([0, 0, 2, 2], [1, 0, 3, 2]), 1 / 3);
    assert.equal(overlap([0, 0, 1, 1], [1, 1, 2, 2]), 0);
  });

  it("drops the lower-scoring of two overlapping boxes of one class alone", () => {
    const box = [0, 0, 10, 10] as const;
    const near = [0, 0, 10, 9] as const;
    const boxes = [
      { box, classIndex: 1, score: 0.9 },
      { box: near, classIndex: 2, score: 0.8 },
      { box: near, classIndex: 1, score: 0.7 },
    ];
    assert.deepEqual(suppress(boxes, 0.45, 10), boxes.slice(0, 2));
    assert.deepEqual(suppress(boxes, 0.95, 10), boxes);
    assert.deepEqual(suppress(boxes, 0.95, 1), boxes.slice(0, 1));
  });

  it("reads boxes that the model has decoded, in pixels of the picture", () => {
    const outputs = decoded(
      [
        [0.25, 0.5, 0.5, 1.5],
        [0, 0, 1, 1],
        [0.5, 0.5, 1, 1],
      ],
      [0.75, 0.25, 0.9375],
      [3n, 1n, 2n],
    );
    const decoder = new DetectionDecoder(decodedPlan(), stretch);
    assert.deepEqual(decoder.decode(outputs, { width: 640, height: 480 }), [
      { score: 0.9375, classIndex: 2, box: [320, 240, 640, 480] },
      { score: 0.75, classIndex: 3, box: [160, 240, 320, 480] },
    ]);
    const [boxes, classes, scores, count] = decoder.decodeTensors(outputs);
    assert.deepEqual(boxes?.dims, [1, 200, 4]);
    assert.deepEqual([...(boxes?.data.slice(0, 8) ?? [])], [150, 150, 300, 300, 150, 75, 300, 150]);
    assert.deepEqual([...(classes?.data.slice(0, 3) ?? [])], [2, 3, 0]);
    assert.deepEqual([...(scores?.data.slice(0, 3) ?? [])], [0.9375, 0.75, 0]);
    assert.deepEqual([...(count?.data ?? [])], [2]);
  });

  it("reads TensorFlow's order and pixels", () => {
    const outputs = decoded([[30, 60, 90, 120]], [0.75], [1n]);
    const plan = decodedPlan({ corners: "yxyx", units: "pixel", scoreThreshold: 0.1 });
    const [found] = new DetectionDecoder(plan, stretch).decode(outputs);
    assert.deepEqual(found?.box, [60, 30, 120, 90]);
  });

  it("undoes a centre cut", () => {
    const cut: ImageTransform = {
      ...stretch,
      height: 200,
      width: 200,
      resize: { to: "shorterSide", pixels: 250, centre: "round" },
    };
    const outputs = decoded([[0, 0, 1, 1]], [0.75], [1n]);
    const [found] = new DetectionDecoder(decodedPlan(), cut).decode(outputs, {
      width: 1000,
      height: 500,
    });
    assert.deepEqual(found?.box, [300, 50, 700, 450]);
  });

  it("refuses heads that do not fit their anchors", () => {
    const plan = resolveDetection({
      preset: "torchvision",
      boxes: ["b"],
      scores: ["s"],
      activation: "softmax",
    });
    const outputs = [
      { name: "b", dims: [1, 10, 4], data: new Float32Array(40) },
      { name: "s", dims: [1, 10, 2], data: new Float32Array(20) },
    ];
    assert.throws(() => new DetectionDecoder(plan, stretch).decode(outputs), {
      message: "the heads have 10 boxes and 10 rows of scores for 8732 anchors",
    });
  });
});
