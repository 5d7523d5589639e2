import type { ManifestDetection } from "./detectionSchema";

/** One feature map of an SSD head and the anchors (default boxes) at each of its cells. */
export interface AnchorLayer {
  /** Rows and columns of the feature map. */
  readonly grid: readonly [number, number];
  /** Distance of two cells in pixels of the model's input. */
  readonly step: number;
  /** Side of the smallest square in pixels, and that of the next layer: a second square has their geometric mean. */
  readonly sizes: readonly [number, number];
  /** Width / height of the other anchors, whose area is that of the smallest square. */
  readonly ratios: readonly number[];
}

interface Selection {
  /** Detections must score more than this, 0..1. */
  readonly scoreThreshold: number;
  /** The most detections of a picture. */
  readonly maxDetections: number;
}

/** Raw heads of an SSD: offsets against anchors, and a score for each class, class 0 being the background. */
export interface AnchoredDetection extends Selection {
  readonly kind: "anchored";
  /** Output tensors, [n,anchors,4] or [n,rows,columns,anchors,4], in the order of `layers`: offsets of cx, cy, w, h. */
  readonly boxes: readonly string[];
  /** Output tensors like `boxes`, with the classes last. */
  readonly scores: readonly string[];
  /** `softmax`: the scores are logits. */
  readonly activation: "softmax" | "none";
  readonly layers: readonly AnchorLayer[];
  /** Factors of the offsets of cx, cy, w, h ("variances"). */
  readonly scaling: readonly [number, number, number, number];
  /** Limit the anchors' sides to the picture's, as torchvision does. */
  readonly clipAnchors: boolean;
  /** How many of the best-scoring boxes enter non-maximum suppression: of each class, or of the picture. */
  readonly candidates: { readonly count: number; readonly per: "class" | "picture" };
  /** Of two boxes of one class that overlap by more than this (intersection over union), the lower-scoring one is dropped. */
  readonly iouThreshold: number;
}

/** A model that decodes its boxes itself: [n,k,4], with scores and classes [n,k]. */
export interface DecodedDetection extends Selection {
  readonly kind: "decoded";
  readonly boxes: string;
  readonly scores: string;
  readonly classes: string;
  /** Order of a box's four numbers: left, top, right, bottom or top, left, bottom, right. */
  readonly corners: "xyxy" | "yxyx";
  /** Fractions of the model's input, or its pixels. */
  readonly units: "fraction" | "pixel";
  /** As in {@link AnchoredDetection}; absent where the model has suppressed overlaps itself. */
  readonly iouThreshold?: number;
}

/** How the outputs of a detector become boxes; every choice spelled out. */
export type DetectionPlan = AnchoredDetection | DecodedDetection;

const few = [2, 1 / 2];
const many = [2, 1 / 2, 3, 1 / 3];
const steps = [8, 16, 32, 64, 100, 300];
const sides = [21, 45, 99, 153, 207, 261, 315];
const ratios = [few, many, many, many, few, few];

/** The six feature maps of an SSD with a VGG-16 backbone and an input of 300 x 300, from the side of the first one. */
const ssd300 = (first: number): AnchorLayer[] =>
  [first, 19, 10, 5, 3, 1].map((side, i) => ({
    grid: [side, side],
    step: steps[i] as number,
    sizes: [sides[i] as number, sides[i + 1] as number],
    ratios: ratios[i] as number[],
  }));

/**
 * `reference`: SSD-VGG of the 2019 Azure ML accelerated models, selection as in its finetune-ssd-vgg sample.
 * `torchvision`: ssd300_vgg16, selection as in torchvision/models/detection/ssd.py.
 */
const presets = {
  reference: {
    layers: ssd300(37),
    scaling: [0.1, 0.1, 0.2, 0.2],
    clipAnchors: false,
    candidates: { count: 400, per: "picture" },
    scoreThreshold: 0.5,
    iouThreshold: 0.45,
    maxDetections: 400,
  },
  torchvision: {
    layers: ssd300(38),
    scaling: [0.1, 0.1, 0.2, 0.2],
    clipAnchors: true,
    candidates: { count: 400, per: "class" },
    scoreThreshold: 0.01,
    iouThreshold: 0.45,
    maxDetections: 200,
  },
} as const satisfies Record<
  string,
  Omit<AnchoredDetection, "kind" | "boxes" | "scores" | "activation">
>;

/** Fills a manifest's `detection` section from its preset. */
export function resolveDetection(section: ManifestDetection): DetectionPlan {
  if (section.preset === "decoded") {
    const { boxes, scores, classes, corners, units, iouThreshold } = section;
    return {
      kind: "decoded",
      ...{ boxes, scores, classes, corners, units },
      scoreThreshold: section.scoreThreshold ?? 0.5,
      maxDetections: section.maxDetections ?? 200,
      ...(iouThreshold === undefined ? {} : { iouThreshold }),
    };
  }
  const preset: (typeof presets)["reference" | "torchvision"] = presets[section.preset];
  const { boxes, scores, activation, candidates } = section;
  return {
    kind: "anchored",
    ...{ boxes, scores, activation },
    layers: (section.layers as AnchorLayer[] | undefined) ?? preset.layers,
    scaling: (section.scaling as unknown as AnchoredDetection["scaling"]) ?? preset.scaling,
    clipAnchors: section.clipAnchors ?? preset.clipAnchors,
    candidates: { ...preset.candidates, ...(candidates ? { count: candidates } : {}) },
    scoreThreshold: section.scoreThreshold ?? preset.scoreThreshold,
    iouThreshold: section.iouThreshold ?? preset.iouThreshold,
    maxDetections: section.maxDetections ?? preset.maxDetections,
  };
}

/** Anchors of one cell: two squares and one for each ratio. */
export const anchorsPerCell = ({ ratios }: AnchorLayer) => 2 + ratios.length;

/** Anchors of all layers, 8732 for torchvision's ssd300_vgg16. */
export const anchorCount = (layers: readonly AnchorLayer[]): number =>
  layers.reduce((sum, layer) => sum + layer.grid[0] * layer.grid[1] * anchorsPerCell(layer), 0);
