import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { classificationOutput } from "../../scoring-image/src/inference/classification";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";
import { readServable } from "./graphFile";
import { readPhotographs, writeTensors } from "./pictureTensors";
import { progressOn } from "./progress";
import { runPython } from "./python";
import { readArguments, readableSize, type Verb } from "./verb";
import { countScenes, seededRandom, viewsOf } from "./views";

/** Seed of the views: those of the calibration set come first, then those of the other set. */
export const viewSeed = 20_190_501;

interface Measured {
  readonly views: number;
  readonly top1Agreement: number;
  readonly largestProbabilityShift: number;
  readonly meanOfLargestShifts: number;
}

/** What `scoring-image/convert/quantize.py` measured. */
interface Report {
  readonly format: "qdq" | "qoperator";
  readonly int8Layers: number;
  readonly layers: number;
  readonly floatLayers: readonly string[];
  readonly milliseconds: Readonly<Record<string, number>>;
  readonly speedRatio: number;
  readonly bytes: { readonly original: number; readonly int8: number };
  readonly calibration: Measured;
  readonly check: Measured;
}

const percent = (part: number) => `${(100 * part).toFixed(2)} %`;

const showMeasured = (what: string, { views, ...measured }: Measured, pictures: string) =>
  `${what}: top-1 agrees in ${percent(measured.top1Agreement)} of ${views} views of ${pictures}; largest probability shift ${measured.largestProbabilityShift.toFixed(3)}, mean of each view's largest ${measured.meanOfLargestShifts.toFixed(4)}`;

/** The int8 package beside the original, complete or not at all. */
function writePackage(from: string, to: string, onnx: string, report: Report): void {
  const partial = path.join(path.dirname(to), `.${path.basename(to)}.partial`);
  rmSync(partial, { recursive: true, force: true });
  cpSync(from, partial, { recursive: true });
  const manifestFile = path.join(partial, "model.json");
  const manifest = JSON.parse(readFileSync(manifestFile, "utf8")) as {
    tags?: Record<string, string>;
  };
  const data = readFileSync(onnx);
  writeFileSync(path.join(partial, "model.onnx"), data);
  const changed = {
    ...manifest,
    name: path.basename(to),
    tags: {
      ...manifest.tags,
      weights: `int8 per channel in ${report.int8Layers} of ${report.layers} layers, ${report.format}`,
    },
    sha256: createHash("sha256").update(data).digest("hex"),
  };
  writeFileSync(manifestFile, `${JSON.stringify(changed, undefined, 2)}\n`);
  writeFileSync(
    path.join(partial, "quantization.json"),
    `${JSON.stringify(report, undefined, 2)}\n`,
  );
  renameSync(partial, to);
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

async function quantizePackage({ source, target, ...plan }: Plan) {
  const model = await readServable(source);
  const output = classifierOf(model);
  const work = mkdtempSync(path.join(tmpdir(), "model-quantize-"));
  try {
    const sets = { calibrate: plan.calibrate, check: plan.check };
    const described: Record<string, string> = {};
    const random = seededRandom(viewSeed);
    for (const [name, names] of Object.entries(sets)) {
      const { photographs } = await readPhotographs(names);
      const pictures = photographs.map(({ pixels }) => pixels);
      const each = Math.ceil(plan.views / pictures.length);
      const views = viewsOf(pictures, each, random);
      const file = path.join(work, `${name}.npy`);
      writeTensors(file, model.input.transform, views, each * pictures.length);
      described[name] = `${pictures.length} photographs, ${countScenes(pictures)} distinct scenes`;
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
    mkdirSync(path.dirname(target), { recursive: true });
    writePackage(source, target, int8, report);
    await readServable(target);
    return { report, described };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes an int8 package. */
export const quantize: Verb = {
  summary:
    "makes an int8 package of a float32 one, with a report of agreement, size and speed; needs Python",
  usage: [
    "quantize PATH --calibrate FOLDER [--check FOLDER ...] [--package FOLDER] [--views N] [--agreement R]",
    "  --calibrate    photographs that the ranges are taken from; several times",
    "  --check        other photographs for the report (default: the same, other views of them)",
    "  --package      (default: PATH-int8)",
    "  --views N      seeded crops and changes of each set (default: 300)",
    "  --agreement R  top-1 agreement to reach on the calibration views (default: 0.99); the layers that",
    "                 cost most of it stay float32",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], {
      calibrate: { type: "string", multiple: true },
      check: { type: "string", multiple: true },
      package: { type: "string" },
      views: { type: "string", default: "300" },
      agreement: { type: "string", default: "0.99" },
    });
    if (!values.calibrate) throw new CommandFailure("usage", "--calibrate is missing");
    const views = Number(values.views);
    if (!Number.isInteger(views) || views < 1 || views > 100_000) {
      throw new CommandFailure("usage", `--views is ${values.views}: must be 1 to 100000`);
    }
    if (!(Number(values.agreement) > 0 && Number(values.agreement) <= 1)) {
      throw new CommandFailure(
        "usage",
        `--agreement is ${values.agreement}: must be above 0, at most 1`,
      );
    }
    const source = path.resolve(positionals[0] as string);
    const target = path.resolve(values.package ?? `${source}-int8`);
    if (existsSync(target)) {
      throw new CommandFailure(
        "refused",
        `${target} exists already; remove it or name another folder`,
      );
    }
    const { report, described } = await quantizePackage({
      source,
      target,
      calibrate: values.calibrate,
      check: values.check ?? values.calibrate,
      views,
      agreement: values.agreement,
    });
    const { bytes, milliseconds, format } = report;
    return {
      json: { folder: target, photographs: described, cpu: cpus()[0]?.model, ...report },
      lines: [
        `${report.int8Layers} of ${report.layers} layers in int8, as ${format}`,
        `${readableSize(bytes.original)} -> ${readableSize(bytes.int8)}`,
        `one picture on one thread: ${milliseconds["original"]} ms -> ${milliseconds[format]} ms, ${report.speedRatio} times as fast on ${cpus()[0]?.model}`,
        showMeasured("calibration", report.calibration, described["calibrate"] as string),
        showMeasured("check", report.check, described["check"] as string),
        `${target} is ready`,
      ],
    };
  },
};
