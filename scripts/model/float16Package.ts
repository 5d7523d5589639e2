import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { classificationOutput } from "../../scoring-image/src/inference/classification";
import { CommandFailure } from "./failure";
import { readServable } from "./graphFile";
import { progressOn } from "./progress";
import { runPython } from "./python";
import {
  refuseExisting,
  showGain,
  showMeasured,
  viewSeed,
  writePackage,
  writeViews,
  type Gain,
  type Measured,
} from "./smallerPackage";
import { seededRandom } from "./views";

/** How far the outputs of a model that does not classify are from the original's. */
interface Differences {
  readonly views: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly largestDifference: number;
    /** As a part of the output's standard deviation; null where that is 0. */
    readonly largestOfDeviation: number | null;
  }[];
}

/** What `scoring-image/convert/half.py` measured. */
interface Report extends Gain {
  /** Types of the operators that stay float32. */
  readonly float32Operators: readonly string[];
  readonly bytes: { readonly original: number; readonly float16: number };
  readonly check: Measured | Differences;
}

function showCheck(check: Report["check"], pictures: string): string[] {
  if (!("outputs" in check)) return [showMeasured("check", check, pictures)];
  return check.outputs.map(
    ({ name, largestDifference, largestOfDeviation }) =>
      `${name}: largest difference ${largestDifference.toPrecision(3)} in ${check.views} views of ${pictures}, ${largestOfDeviation?.toPrecision(3) ?? "-"} of the standard deviation`,
  );
}

/** Which package becomes float16, and what it must show. */
export interface Float16Plan {
  readonly source: string;
  readonly target: string;
  /** Files and folders of photographs. */
  readonly check: readonly string[];
  readonly views: number;
  /** Least share of the views whose top-1 agrees, 0..1; not asked of a model that does not classify. */
  readonly agreement: string;
}

/**
 * Makes a package that computes in float16, complete or not at all. Needs Python.
 * @returns the report, as JSON and as lines
 * @throws CommandFailure refused where the package computes in float16 already or agrees too rarely
 */
export async function makeFloat16({ source, target, check, views, agreement }: Float16Plan) {
  refuseExisting(target);
  const model = await readServable(source);
  if (model.precision === "float16") {
    throw new CommandFailure("refused", `${model.name} computes in float16 already`);
  }
  const output = classificationOutput(model);
  const work = mkdtempSync(path.join(tmpdir(), "model-float16-"));
  try {
    const tensors = path.join(work, "check.npy");
    const pictures = await writeViews(tensors, model, check, {
      count: views,
      random: seededRandom(viewSeed),
    });
    const onnx = path.join(work, "float16.onnx");
    const report = (await runPython(
      "onnx",
      "half.py",
      [
        model.file,
        onnx,
        `--check=${tensors}`,
        ...(output ? [`--output=${output.name}`] : []),
        `--agreement=${agreement}`,
        ...(output?.kind === "logits" ? ["--logits"] : []),
      ],
      progressOn(),
    )) as Report;
    const weights = "float16, computed in float16";
    writePackage(source, target, { onnx, weights, precision: "float16", report });
    await readServable(target);
    const kept = report.float32Operators.join(", ");
    return {
      json: { folder: target, photographs: pictures, ...report },
      lines: [
        `all operators in float16${kept ? ` but ${kept}` : ""}`,
        ...showGain(report, report.bytes.float16),
        ...showCheck(report.check, pictures),
      ],
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
