import { z } from "zod";

const name = z.string().min(1);
const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().positive();

/** Fields that every preset has; those that are absent follow it. Meanings: `detection.ts` and docs/detection.md. */
const common = {
  labels: z.union([name, z.array(z.string())]).optional(),
  scoreThreshold: fraction.optional(),
  iouThreshold: fraction.optional(),
  maxDetections: count.max(10_000).optional(),
};

const layer = z.strictObject({
  grid: z.array(count).length(2),
  step: positive,
  sizes: z.array(positive).length(2),
  ratios: z.array(positive),
});

const anchored = {
  ...common,
  boxes: z.array(name).min(1),
  scores: z.array(name).min(1),
  activation: z.enum(["softmax", "none"]).default("softmax"),
  layers: z.array(layer).min(1).optional(),
  scaling: z.array(positive).length(4).optional(),
  clipAnchors: z.boolean().optional(),
  candidates: count.optional(),
};

/** The `detection` section of `model.json`. */
export const detectionSchema = z.discriminatedUnion("preset", [
  z.strictObject({ preset: z.literal("reference"), ...anchored }),
  z.strictObject({ preset: z.literal("torchvision"), ...anchored }),
  z.strictObject({
    preset: z.literal("decoded"),
    ...common,
    boxes: name,
    scores: name,
    classes: name,
    corners: z.enum(["xyxy", "yxyx"]).default("xyxy"),
    units: z.enum(["fraction", "pixel"]).default("fraction"),
  }),
]);

export type ManifestDetection = z.infer<typeof detectionSchema>;
