import { existsSync } from "node:fs";
import path from "node:path";
import type { z } from "zod";
import { resolveDetection, type DetectionPlan } from "./detection";
import { bindDetection, decodedOutputs } from "./detectionOutputs";
import { ModelPackageError } from "./modelPackageError";
import type { Dimension, ModelInput, ModelOutput } from "./modelTensors";
import { checkFiles, fileInside, graphFile, readFile } from "./packageFiles";
import { pictureShape, resolveTransform } from "./presets";
import { manifestSchema, type Manifest } from "./schema";

/** How a detector's boxes are found among its outputs and what its classes are called. */
export interface ModelDetection {
  readonly plan: DetectionPlan;
  /** Class names by index; where there is a background it is index 0. */
  readonly labels?: readonly string[];
}

/** A model ready to be served: a folder with `model.onnx` and `model.json`, read and checked. */
export interface ModelPackage {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Path of `model.onnx`; a model that another runtime holds may do without the file. */
  readonly file: string;
  readonly input: ModelInput;
  /** The outputs of the graph that are served, then those that the server makes from them. */
  readonly outputs: readonly ModelOutput[];
  /** Path of `score.mjs`, if the package has an entry script. */
  readonly script?: string;
  /** Present when the model detects. */
  readonly detection?: ModelDetection;
  /** In which the graph computes between its input and outputs, whose own dtypes it does not change. */
  readonly precision: Manifest["precision"];
}

export { ModelPackageError } from "./modelPackageError";

/**
 * Reads a model package and checks everything that can be checked without the graph.
 * @param folder holds `model.onnx`, `model.json` and the label file that the latter names
 * @param hasGraph false when another runtime holds the model: `model.onnx` and what it keeps outside of itself may then be missing
 * @throws ModelPackageError with all problems of `model.json` at once
 */
export function readModelPackage(folder: string, hasGraph = true): ModelPackage {
  const manifest = readManifest(path.join(folder, "model.json"));
  checkFiles(folder, manifest, hasGraph);
  const file = path.join(folder, graphFile);
  const { name, version, description, tags, precision } = manifest;
  const input = describeInput(manifest.inputs[0] as Manifest["inputs"][number]);
  const outputs = manifest.outputs.map((output, i) => describeOutput(output, i, folder));
  const detection = describeDetection(manifest.detection, outputs, folder);
  if (detection) outputs.push(...decodedOutputs(detection.plan, input.shape[0] as Dimension));
  checkNames([input, ...outputs]);
  return {
    ...{ name, version, description, tags, file, input, outputs, precision },
    ...(detection ? { detection } : {}),
    ...findScript(folder),
  };
}

/**
 * Reads a `model.json`, with its defaults.
 * @throws ModelPackageError with all problems of it at once
 */
export function readManifest(file: string): Manifest {
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
  const lines = labelsOf(labels, folder, `outputs[${index}].labels`);
  // Some classifiers answer [N,1000,1,1].
  const classes = output.shape.slice(1).findLast((size) => size !== 1);
  if (lines.length !== classes) {
    throw new ModelPackageError(
      `model.json: outputs[${index}].labels has ${lines.length} entries, but outputs[${index}].shape has ${classes} classes`,
    );
  }
  return { ...output, labels: lines };
}

function describeDetection(
  section: Manifest["detection"],
  outputs: readonly ModelOutput[],
  folder: string,
): ModelDetection | undefined {
  if (!section) return undefined;
  try {
    const { plan, classes } = bindDetection(resolveDetection(section), outputs);
    if (section.labels === undefined) return { plan };
    const labels = labelsOf(section.labels, folder, "detection.labels");
    if (classes !== undefined && labels.length !== classes) {
      throw new Error(
        `detection.labels has ${labels.length} entries, but the scores have ${classes} classes`,
      );
    }
    return { plan, labels };
  } catch (cause) {
    if (cause instanceof ModelPackageError) throw cause;
    throw new ModelPackageError(`model.json: ${(cause as Error).message}`, { cause });
  }
}

/** @throws ModelPackageError when the script's locked dependencies are not installed */
function findScript(folder: string): Pick<ModelPackage, "script"> {
  const script = path.join(folder, "score.mjs");
  if (!existsSync(script)) return {};
  const lockfile = path.join(folder, "package-lock.json");
  if (existsSync(lockfile) && !existsSync(path.join(folder, "node_modules"))) {
    const lock = JSON.parse(readFile(lockfile).toString("utf8")) as { packages?: object };
    // The lockfile's first entry is the package itself.
    if (Object.keys(lock.packages ?? {}).length > 1) {
      const fix = `run "npm ci --omit=dev --ignore-scripts" in ${folder}`;
      throw new ModelPackageError(`${script}: its dependencies are not installed: ${fix}`);
    }
  }
  return { script };
}

function labelsOf(labels: string | string[], folder: string, field: string): string[] {
  if (typeof labels !== "string") return labels;
  const file = fileInside(folder, labels, `model.json: ${field}`);
  return readFile(file).toString("utf8").trimEnd().split(/\r?\n/);
}

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
