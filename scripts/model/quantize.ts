import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { classificationOutput } from "../../scoring-image/src/inference/classification";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";
import { makeFloat16 } from "./float16Package";
import { samplesFolder } from "./folders";
import { readServable } from "./graphFile";
import { progressOn } from "./progress";
import { runPython } from "./python";
import {
  readAgreement,
  refuseExisting,
  showGain,
  showMeasured,
  viewSeed,
  writePackage,
  writeViews,
  type Gain,
  type Measured,
} from "./smallerPackage";
import { readArguments, type Verb } from "./verb";
import { seededRandom } from "./views";

/** What `scoring-image/convert/quantize.py` measured. */
interface Report extends Gain {
  readonly format: "qdq" | "qoperator";
  readonly int8Layers: number;
  readonly layers: number;
  readonly floatLayers: readonly string[];
  readonly bytes: { readonly original: number; readonly int8: number };
  readonly calibration: Measured;
  readonly check: Measured;
}

function classifierOf(model: ModelPackage) {
  const output = classificationOutput(model);
  if (output) return output;
  throw new CommandFailure(
    "refused",
    `${model.name} does not classify, so no top-1 can be compared`,
  );
}

interface Plan {
  readonly source: string;
  readonly target: string;
  readonly calibrate: readonly string[];
  readonly check: readonly string[];
  readonly views: number;
  readonly agreement: string;
}

async function makeInt8({ source, target, ...plan }: Plan) {
  refuseExisting(target);
  const model = await readServable(source);
  const output = classifierOf(model);
  const work = mkdtempSync(path.join(tmpdir(), "model-quantize-"));
  try {
    const sets = { calibrate: plan.calibrate, check: plan.check };
    const described: Record<string, string> = {};
    const random = seededRandom(viewSeed);
    for (const [name, names] of Object.entries(sets)) {
      const file = path.join(work, `${name}.npy`);
      described[name] = await writeViews(file, model, names, { count: plan.views, random });
    }
    const int8 = path.join(work, "int8.onnx");
    const report = (await runPython(
      "onnx",
      "quantize.py",
      [
        model.file,
        int8,
        `--calibrate=${path.join(work, "calibrate.npy")}`,
        `--check=${path.join(work, "check.npy")}`,
        `--output=${output.name}`,
        `--agreement=${plan.agreement}`,
        ...(output.kind === "logits" ? ["--logits"] : []),
      ],
      progressOn(),
    )) as Report;
    const weights = `int8 per channel in ${report.int8Layers} of ${report.layers} layers, ${report.format}`;
    writePackage(source, target, { onnx: int8, weights, report });
    await readServable(target);
    return {
      json: { folder: target, photographs: described, cpu: cpus()[0]?.model, ...report },
      lines: [
        `${report.int8Layers} of ${report.layers} layers in int8, as ${report.format}`,
        ...showGain(report, report.bytes.int8),
        showMeasured("calibration", report.calibration, described["calibrate"] as string),
        showMeasured("check", report.check, described["check"] as string),
      ],
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @throws CommandFailure usage where what was given is no precision */
function precisionOf(given: string, calibrate: readonly string[] | undefined): "int8" | "float16" {
  if (given !== "int8" && given !== "float16") {
    throw new CommandFailure("usage", `--precision is ${given}: must be int8 or float16`);
  }
  if (given === "int8" && !calibrate) throw new CommandFailure("usage", "--calibrate is missing");
  if (given === "float16" && calibrate) {
    throw new CommandFailure("usage", "--calibrate is for int8: float16 needs no ranges");
  }
  return given;
}

/** Makes a package of int8 or float16. */
export const quantize: Verb = {
  summary:
    "makes an int8 or float16 package of a float32 one, with a report of agreement, size and speed; needs Python",
  usage: [
    "quantize PATH [--precision int8] --calibrate FOLDER [--check FOLDER ...] [--package FOLDER] [--views N] [--agreement R]",
    "quantize PATH --precision float16 [--check FOLDER ...] [--package FOLDER] [--views N] [--agreement R]",
    "  --calibrate    of int8: photographs that the ranges are taken from; several times",
    "  --check        photographs for the report (default: int8 other views of the same, float16 the samples)",
    "  --package      (default: PATH-int8 or PATH-float16)",
    "  --views N      seeded crops and changes of each set (default: 300)",
    "  --agreement R  top-1 agreement to reach (default: 0.99): of int8 on the calibration views, and the layers",
    "                 that cost most of it stay float32; float16 below it is refused",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], {
      precision: { type: "string", default: "int8" },
      calibrate: { type: "string", multiple: true },
      check: { type: "string", multiple: true },
      package: { type: "string" },
      views: { type: "string", default: "300" },
      agreement: { type: "string", default: "0.99" },
    });
    const precision = precisionOf(values.precision, values.calibrate);
    const views = Number(values.views);
    if (!Number.isInteger(views) || views < 1 || views > 100_000) {
      throw new CommandFailure("usage", `--views is ${values.views}: must be 1 to 100000`);
    }
    const source = path.resolve(positionals[0] as string);
    const target = path.resolve(values.package ?? `${source}-${precision}`);
    const common = { source, target, views, agreement: readAgreement(values.agreement) };
    const calibrate = values.calibrate ?? [];
    const { json, lines } =
      precision === "float16"
        ? await makeFloat16({ ...common, check: values.check ?? [samplesFolder] })
        : await makeInt8({ ...common, calibrate, check: values.check ?? calibrate });
    return { json, lines: [...lines, `${target} is ready`] };
  },
};
