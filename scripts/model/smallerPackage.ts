import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { weightFiles } from "../../scoring-image/src/model/packageFiles";
import { CommandFailure } from "./failure";
import { writeHashes } from "./packageHashes";
import { readPhotographs, writeTensors } from "./pictureTensors";
import { readableSize } from "./verb";
import { countScenes, viewsOf } from "./views";

/** Seed of the views: those of the calibration set come first, then those of the other set. */
export const viewSeed = 20_190_501;

/** How far a smaller model's answers are from the original's. */
export interface Measured {
  readonly views: number;
  /** Share of the views, 0..1. */
  readonly top1Agreement: number;
  readonly largestProbabilityShift: number;
  readonly meanOfLargestShifts: number;
}

/** What is measured of every smaller model; `format` is its key in `milliseconds`. */
export interface Gain {
  readonly format: string;
  /** Median of one picture on one thread of this CPU. */
  readonly milliseconds: Readonly<Record<string, number>>;
  readonly speedRatio: number;
  readonly bytes: { readonly original: number };
}

/** The line on agreement in a report. */
export const showMeasured = (
  what: string,
  { views, ...measured }: Measured,
  pictures: string,
): string =>
  `${what}: top-1 agrees in ${(100 * measured.top1Agreement).toFixed(2)} % of ${views} views of ${pictures}; largest probability shift ${measured.largestProbabilityShift.toFixed(3)}, mean of each view's largest ${measured.meanOfLargestShifts.toFixed(4)}`;

/** The lines on size, in bytes, and speed in a report. */
export const showGain = (
  { bytes, milliseconds, format, speedRatio }: Gain,
  size: number,
): string[] => [
  `${readableSize(bytes.original)} -> ${readableSize(size)}`,
  `one picture on one thread: ${milliseconds["original"]} ms -> ${milliseconds[format]} ms, ${speedRatio} times as fast on ${cpus()[0]?.model}`,
];

/**
 * The share of views whose top-1 must agree, 0..1, as it was given.
 * @throws CommandFailure usage
 */
export function readAgreement(given: string): string {
  if (Number(given) > 0 && Number(given) <= 1) return given;
  throw new CommandFailure("usage", `--agreement is ${given}: must be above 0, at most 1`);
}

/** @throws CommandFailure refused where the package is there already */
export function refuseExisting(target: string): void {
  if (!existsSync(target)) return;
  throw new CommandFailure("refused", `${target} exists already; remove it or name another folder`);
}

/**
 * Writes at least `count` views of the photographs, as the server prepares them, to an .npy file.
 * @returns what they are views of
 * @throws CommandFailure usage when no picture decodes
 */
export async function writeViews(
  file: string,
  model: ModelPackage,
  names: readonly string[],
  { count, random }: { readonly count: number; readonly random: () => number },
): Promise<string> {
  const { photographs } = await readPhotographs(names);
  const pictures = photographs.map(({ pixels }) => pixels);
  const each = Math.ceil(count / pictures.length);
  const views = viewsOf(pictures, each, random);
  writeTensors(file, model.input.transform, views, each * pictures.length);
  return `${pictures.length} photographs, ${countScenes(pictures)} distinct scenes`;
}

/** What a smaller package says otherwise than its original. */
export interface Change {
  readonly onnx: string;
  /** The tag `weights`. */
  readonly weights: string;
  readonly precision?: "float16";
  /** Kept as `quantization.json`. */
  readonly report: object;
}

/** Writes the smaller package beside the original, complete or not at all. */
export function writePackage(from: string, to: string, change: Change): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const partial = path.join(path.dirname(to), `.${path.basename(to)}.partial`);
  rmSync(partial, { recursive: true, force: true });
  cpSync(from, partial, { recursive: true });
  const manifestFile = path.join(partial, "model.json");
  const manifest = JSON.parse(readFileSync(manifestFile, "utf8")) as {
    tags?: Record<string, string>;
  };
  // The original's graph and what it kept outside of itself; the smaller one holds all of its own.
  for (const name of weightFiles(partial)) rmSync(path.join(partial, name));
  cpSync(change.onnx, path.join(partial, "model.onnx"));
  const changed = {
    ...manifest,
    name: path.basename(to),
    tags: { ...manifest.tags, weights: change.weights },
    ...(change.precision ? { precision: change.precision } : {}),
  };
  writeFileSync(manifestFile, `${JSON.stringify(changed, undefined, 2)}\n`);
  writeFileSync(
    path.join(partial, "quantization.json"),
    `${JSON.stringify(change.report, undefined, 2)}\n`,
  );
  writeHashes(partial);
  renameSync(partial, to);
}
