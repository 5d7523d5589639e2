import { z } from "zod";
import { detectionSchema } from "./detectionSchema";

const names = z.string().min(1);
const dimension = z.union([z.int().positive(), z.string().min(1)]);
const perChannel = z.union([z.number(), z.array(z.number()).length(3)]);

/** How a picture becomes the input; fields that are absent follow the preset. Meanings: `presets.ts` and docs/packages.md. */
export const imageSchema = z
  .strictObject({
    preset: z.enum(["reference", "torchvision", "stretch"]),
    order: z.enum(["RGB", "BGR"]).default("RGB"),
    mean: perChannel.optional(),
    scale: perChannel.optional(),
    shorterSide: z.int().positive().optional(),
    preserveAspectRatio: z.boolean().optional(),
  })
  .superRefine(({ preset, shorterSide, preserveAspectRatio }, context) => {
    const isStretch = preset === "stretch";
    if (isStretch && preserveAspectRatio) {
      context.addIssue({
        code: "custom",
        path: ["preserveAspectRatio"],
        message: 'the preset "stretch" ignores the aspect ratio; leave this out or take another',
      });
    }
    if (shorterSide !== undefined && (isStretch || preserveAspectRatio === false)) {
      const reason = isStretch ? 'the preset "stretch"' : "preserveAspectRatio false";
      context.addIssue({
        code: "custom",
        path: ["shorterSide"],
        message: `a picture is stretched to the input's size by ${reason}; leave out one of the two`,
      });
    }
  });

const inputSchema = z
  .strictObject({
    name: names,
    aliases: z.array(names).default([]),
    dtype: z.enum(["float32", "uint8"]),
    shape: z.array(dimension).length(4),
    image: imageSchema,
  })
  .superRefine(({ dtype, image }, context) => {
    if (dtype !== "uint8") return;
    for (const [field, identity] of [["mean", 0] as const, ["scale", 1] as const]) {
      if ([image[field] ?? identity].flat().every((value) => value === identity)) continue;
      context.addIssue({
        code: "custom",
        path: ["image", field],
        message: `a uint8 input takes the pixels as they are; leave ${field} out and let the graph compute it`,
      });
    }
  });

const outputSchema = z.strictObject({
  name: names,
  aliases: z.array(names).default([]),
  dtype: z.enum(["float32", "float64", "int32", "int64", "uint8", "int8", "bool"]),
  shape: z.array(dimension).min(1),
  kind: z.enum(["probabilities", "logits", "features", "detections"]),
  labels: z.union([names, z.array(z.string())]).optional(),
});

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits");

/** The content of `model.json`. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z
    .string()
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "must be lower-case letters, digits and hyphens")
    .max(63),
  version: z.string().regex(/^[1-9][0-9]*$/, 'must be a whole number in quotes, such as "1"'),
  description: z.string().default(""),
  tags: z.record(z.string(), z.string()).default({}),
  /** SHA-256 of the package's files, by their paths in it. */
  files: z.record(names, sha256).optional(),
  /** That of `model.onnx` alone, in packages that were made before there was `files`. */
  sha256: sha256.optional(),
  inputs: z.array(inputSchema).length(1, "must list exactly one input, which takes the picture"),
  outputs: z.array(outputSchema).min(1),
  detection: detectionSchema.optional(),
  precision: z.enum(["float32", "float16"]).default("float32"),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestImage = z.infer<typeof imageSchema>;
