import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { elementTypes } from "../../src/inference/runtimes/onnxRuntime/native/elements";
import { onnxModel } from "../../src/inference/runtimes/onnxRuntime/onnxModel";
import { resNet50, resNetNames } from "./resNet";

/** Height and width of the pictures that all of these models take. */
const side = 224;

const classes = 1000;

interface Output {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly kind: "logits" | "features";
}

interface Contents {
  readonly name: string;
  readonly description: string;
  readonly onnx: Uint8Array;
  readonly input: string;
  readonly output: Output;
  readonly precision?: "float32" | "float16";
}

/**
 * Writes a model package with ResNet-50 of random weights.
 * @param width channels of the first convolution; 64 is ResNet-50, fewer are a network of the same
 * shape that a CPU runs in milliseconds
 * @returns the package's folder, named `resnet50-float32` or `resnet50-float16`
 */
export function writeResNet(
  parent: string,
  precision: "float32" | "float16",
  width: number,
): string {
  const { input, output } = resNetNames;
  return writePackage(parent, {
    name: `resnet50-${precision}`,
    description: `ResNet-50 with ${width} channels in its first convolution and random weights`,
    onnx: resNet50({ width, side, classes, precision, seed: 1 }),
    input,
    output: { name: output, shape: ["N", classes], kind: "logits" },
    precision,
  });
}

/**
 * Writes a model package whose convolution is one of integers, which ONNX Runtime's CUDA provider
 * does not have, so that it falls back to the CPU.
 * @returns the package's folder, named `falls-back`
 */
export function writeFallingBack(parent: string): string {
  const channels = 4;
  const weights = Uint8Array.from({ length: channels * 3 }, (_, i) => i);
  const onnx = onnxModel({
    nodes: [
      {
        operator: "Cast",
        inputs: ["images"],
        output: "bytes",
        attributes: { to: elementTypes.uint8 },
      },
      { operator: "ConvInteger", inputs: ["bytes", "weights"], output: "sums" },
      {
        operator: "Cast",
        inputs: ["sums"],
        output: "floats",
        attributes: { to: elementTypes.float32 },
      },
      { operator: "GlobalAveragePool", inputs: ["floats"], output: "pooled" },
      { operator: "Flatten", inputs: ["pooled"], output: "features" },
    ],
    constants: [{ name: "weights", dtype: "uint8", dims: [channels, 3, 1, 1], bytes: weights }],
    inputs: [{ name: "images", dtype: "float32", dims: ["N", 3, side, side] }],
    outputs: [{ name: "features", dtype: "float32", dims: ["N", channels] }],
  });
  return writePackage(parent, {
    ...{ name: "falls-back", description: "A convolution of integers", onnx, input: "images" },
    output: { name: "features", shape: ["N", channels], kind: "features" },
  });
}

function writePackage(parent: string, contents: Contents): string {
  const { name, description, onnx, input, output, precision = "float32" } = contents;
  const folder = path.join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "model.onnx"), onnx);
  const manifest = {
    ...{ schemaVersion: 1, name, version: "1", description, precision },
    files: { "model.onnx": createHash("sha256").update(onnx).digest("hex") },
    inputs: [
      {
        ...{ name: input, dtype: "float32", shape: ["N", 3, side, side] },
        image: { preset: "torchvision" },
      },
    ],
    outputs: [{ ...output, dtype: "float32" }],
  };
  writeFileSync(path.join(folder, "model.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return folder;
}
