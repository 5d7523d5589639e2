import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { planFor } from "../../scoring-image/src/inference/plan";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { fixtures } from "./paths";
import { temporaryFolder } from "./temporaryFolder";

export type TinyModelName =
  | "mean-colour"
  | "nhwc"
  | "uint8"
  | "fixed-batch"
  | "fails"
  | "slow"
  | "boxes"
  | "features"
  | "external";

/** Values 0..255 as they are, so that a test can compute what a tiny model answers. */
const plainPixels = { preset: "stretch", mean: 0, scale: 1 };

const shapes: Record<TinyModelName, (number | string)[]> = {
  "mean-colour": ["N", 3, 8, 8],
  "fixed-batch": [1, 3, 8, 8],
  nhwc: ["N", 8, 8, 3],
  uint8: ["N", 8, 8, 3],
  fails: ["N", 3, 8, 8],
  slow: ["N", 3, 8, 8],
  boxes: [1, 3, 8, 8],
  features: ["N", 8, 8, 3],
  external: ["N", 3, 8, 8],
};

const onnxFile = (name: TinyModelName) => path.join(fixtures, "models", name, "model.onnx");

/** A manifest that fits the tiny model of that name; tests change it to see what is refused. */
export function tinyManifest(name: TinyModelName) {
  const shape = shapes[name];
  const mean = { name: "mean", dtype: "float32", shape: [shape[0], 3] };
  return {
    schemaVersion: 1 as number,
    name: name as string,
    version: "3",
    description: "The mean of each colour",
    sha256: createHash("sha256")
      .update(readFileSync(onnxFile(name)))
      .digest("hex"),
    inputs: [
      {
        name: "image",
        dtype: name === "uint8" ? "uint8" : "float32",
        shape,
        image: { ...plainPixels } as Record<string, unknown>,
      },
    ],
    outputs: [{ ...mean, kind: "features", labels: undefined as unknown }],
  };
}

/** Writes a model package to a temporary folder and returns its path. */
export function tinyPackage(name: TinyModelName, manifest: object = tinyManifest(name)): string {
  const folder = temporaryFolder(`model-${name}`);
  // Weights may lie beside the graph.
  cpSync(path.dirname(onnxFile(name)), folder, { recursive: true });
  writeFileSync(path.join(folder, "model.json"), JSON.stringify(manifest));
  return folder;
}

/** A plan that runs a package on the CPU of this process. */
export const cpuPlan = (model: ModelPackage, ...sizes: readonly [number, ...number[]]) =>
  planFor(model, {
    ...{ executionProvider: "cpu", threadsPerLane: 1, maxQueueWaitMs: 0 },
    ...{ batchSizes: { sizes, isDefault: false }, gpuMemoryLimit: undefined, engineCacheDir: "" },
  });

/** `mean-colour` as a classifier of three labelled classes. */
export function colourClassifier(kind: "probabilities" | "logits"): string {
  const manifest = tinyManifest("mean-colour");
  const name = kind === "logits" ? "mean" : "probabilities";
  const labels = ["red", "green", "blue"];
  const output = { name, dtype: "float32", shape: ["N", 3], kind, labels };
  return tinyPackage("mean-colour", { ...manifest, outputs: [output] });
}

/** `boxes`, which answers as the ONNX Model Zoo's ssd-12 does, with labels. */
export function boxDetector(): string {
  const output = (name: string, dtype: string, ...inner: number[]) => ({
    name,
    dtype,
    shape: [1, 2, ...inner],
    kind: "detections",
  });
  return tinyPackage("boxes", {
    ...tinyManifest("boxes"),
    outputs: [
      output("bboxes", "float32", 4),
      output("labels", "int64"),
      output("scores", "float32"),
    ],
    detection: {
      preset: "decoded",
      ...{ boxes: "bboxes", classes: "labels", scores: "scores" },
      labels: ["background", "red", "corner"],
    },
  });
}

/** `features`, with features of shape [n,1,1,3] and, if asked for, the brightest value of each colour. */
export function featurizer(withBrightest: boolean): string {
  const features = { name: "features", dtype: "float32", shape: ["N", 1, 1, 3], kind: "features" };
  const brightest = { name: "brightest", dtype: "float32", shape: ["N", 3], kind: "features" };
  const outputs = withBrightest ? [features, brightest] : [features];
  return tinyPackage("features", { ...tinyManifest("features"), outputs });
}
