import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { z } from "zod";
import type { ImageTransform } from "../imaging/transform";
import { pictureShape, resolveTransform } from "./presets";
import { manifestSchema, type Manifest } from "./schema";

/** A dimension of a tensor: a size, or the name of one that may vary, such as the batch's `N`. */
export type Dimension = number | string;

/** The input that takes the picture; [N,3,h,w] or [N,h,w,3] of `dtype`. */
export interface ModelInput {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: ImageTransform["dtype"];
  readonly shape: readonly Dimension[];
  readonly transform: ImageTransform;
}

/** One output tensor; the first dimension is the batch. */
export interface ModelOutput {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly dtype: Manifest["outputs"][number]["dtype"];
  readonly shape: readonly Dimension[];
  /** `logits` are turned into probabilities by a softmax over the last dimension when they are scored. */
  readonly kind: "probabilities" | "logits" | "features" | "detections";
  /** Class names by index of the last dimension. */
  readonly labels?: readonly string[];
}

/** A model ready to be served: a folder with `model.onnx` and `model.json`, read and checked. */
export interface ModelPackage {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sha256: string;
  /** Path of `model.onnx`. */
  readonly file: string;
  readonly input: ModelInput;
  readonly outputs: readonly ModelOutput[];
}

/** A model package that cannot be served; the message names file, field and fix. */
export class ModelPackageError extends Error {
  override readonly name = "ModelPackageError";
}

/**
 * Reads a model package and checks everything that can be checked without the graph.
 * @param folder holds `model.onnx`, `model.json` and the label file that the latter names
 * @throws ModelPackageError with all problems of `model.json` at once
 */
export function readModelPackage(folder: string): ModelPackage {
  const manifest = readManifest(path.join(folder, "model.json"));
  const file = path.join(folder, "model.onnx");
  const sha256 = createHash("sha256").update(readFile(file)).digest("hex");
  if (sha256 !== manifest.sha256) {
    throw new ModelPackageError(
      `${file} has sha256 ${sha256}, but model.json says ${manifest.sha256}; restore the file or update the field sha256`,
    );
  }
  const { name, version, description, tags } = manifest;
  const input = describeInput(manifest.inputs[0] as Manifest["inputs"][number]);
  const outputs = manifest.outputs.map((output, i) => describeOutput(output, i, folder));
  checkNames([input, ...outputs]);
  return { name, version, description, tags, sha256, file, input, outputs };
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read";
    throw new ModelPackageError(
      `${file} ${why}; MODEL_DIR must name a folder with model.onnx and model.json`,
      { cause },
    );
  }
}

function readManifest(file: string): Manifest {
  const text = readFile(file).toString("utf8");
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new ModelPackageError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = manifestSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describeProblem(raw, issue));
  throw new ModelPackageError(`${file}: ${problems.join("; ")}`);
}

function describeProblem(raw: unknown, { path: at, message }: z.core.$ZodIssue): string {
  if (at.length === 0) return message;
  const field = at
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .slice(1);
  const value = at.reduce<unknown>(
    (node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key],
    raw,
  );
  if (value === undefined) return `${field} is missing`;
  return `${field} is ${JSON.stringify(value).slice(0, 80)}: ${message}`;
}

function describeInput({ image, ...input }: Manifest["inputs"][number]): ModelInput {
  const size = pictureShape(input.shape);
  if (!size) {
    throw new ModelPackageError(
      `model.json: inputs[0].shape is ${JSON.stringify(input.shape)}: must be ["N",3,height,width] or ["N",height,width,3]`,
    );
  }
  const transform = resolveTransform(image, size, input.dtype);
  const longest = Math.max(size.height, size.width);
  if (transform.resize.to === "shorterSide" && transform.resize.pixels < longest) {
    throw new ModelPackageError(
      `model.json: inputs[0].image.shorterSide is ${transform.resize.pixels}: must be at least ${longest}, the input's longest side`,
    );
  }
  return { ...input, transform };
}

function describeOutput(
  { labels, ...output }: Manifest["outputs"][number],
  index: number,
  folder: string,
): ModelOutput {
  if (labels === undefined) return output;
  const lines = typeof labels === "string" ? readLabels(path.join(folder, labels)) : labels;
  // Some classifiers answer [N,1000,1,1].
  const classes = output.shape.slice(1).findLast((size) => size !== 1);
  if (lines.length !== classes) {
    throw new ModelPackageError(
      `model.json: outputs[${index}].labels has ${lines.length} entries, but outputs[${index}].shape has ${classes} classes`,
    );
  }
  return { ...output, labels: lines };
}

const readLabels = (file: string) => readFile(file).toString("utf8").trimEnd().split(/\r?\n/);

/** Every protocol finds tensors by name or alias, so within each direction they must be unambiguous. */
function checkNames([input, ...outputs]: readonly [ModelInput, ...ModelOutput[]]): void {
  for (const tensors of [[input], outputs]) {
    const seen = new Set<string>();
    for (const name of tensors.flatMap((tensor) => [tensor.name, ...tensor.aliases])) {
      if (seen.has(name)) {
        throw new ModelPackageError(`model.json: the tensor name or alias "${name}" is used twice`);
      }
      seen.add(name);
    }
  }
}
