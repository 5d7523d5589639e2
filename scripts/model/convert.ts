import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CommandFailure } from "./failure";
import { makeFloat16 } from "./float16Package";
import { modelsFolder, samplesFolder } from "./folders";
import { readServable } from "./graphFile";
import { progressOn } from "./progress";
import { runPython } from "./python";
import { readAgreement, refuseExisting } from "./smallerPackage";
import { readArguments, readableSize, type Verb } from "./verb";

/** What `scoring-image/convert/convert.py` reports. */
interface Report {
  readonly source: { readonly kind: string; readonly decodesPictures: boolean };
  readonly input: string;
  readonly outputs: readonly string[];
  readonly preprocessing: {
    readonly image: object | null;
    readonly largestDifferenceOf255: number | null;
  };
  readonly servable: boolean;
  readonly bytes: number;
  readonly seconds: number;
}

/** Options that convert.py knows by the same names. */
const passed = [
  "input",
  "outputs",
  "signature",
  "version",
  "description",
  "labels",
  "kinds",
  "detection",
  "preset",
  "order",
  "mean",
  "scale",
  "shorter-side",
] as const;

const options = {
  name: { type: "string" },
  models: { type: "string" },
  tag: { type: "string", multiple: true },
  precision: { type: "string", default: "float32" },
  check: { type: "string", multiple: true },
  agreement: { type: "string" },
  ...(Object.fromEntries(passed.map((name) => [name, { type: "string" }])) as Record<
    (typeof passed)[number],
    { readonly type: "string" }
  >),
} as const;

/** How the conversion went; where it is to be served from, only the last verb knows. */
function linesOf({ source, preprocessing, input, outputs, ...report }: Report): string[] {
  const difference = preprocessing.largestDifferenceOf255;
  return [
    `${source.kind}: ${input} -> ${outputs.join(", ")}, ${readableSize(report.bytes)} in ${report.seconds} s`,
    ...(source.decodesPictures
      ? [
          "The graph decodes pictures itself; the package begins behind that, and the server decodes.",
        ]
      : []),
    ...(preprocessing.image
      ? [
          `Preprocessing ${JSON.stringify(preprocessing.image)}, ${
            difference === null
              ? "as stated by the flags"
              : `recognised: at most ${difference.toPrecision(2)} of 255 from the graph's own`
          }`,
        ]
      : []),
  ];
}

const showEnd = (servable: boolean, folder: string) =>
  servable
    ? `${folder} is ready. Serve it: MODEL_DIR=${folder} npm start`
    : `${folder} holds model.onnx alone: its input is no picture [N,h,w,3] or [N,3,h,w], so the scoring server cannot serve it`;

async function convertTo(folder: string, source: string, flags: readonly string[]) {
  const args = [path.resolve(source), `--package=${folder}`, ...flags];
  const report = (await runPython("tensorflow", "convert.py", args, progressOn())) as Report;
  if (report.servable) await readServable(folder);
  return report;
}

/** @param compared what only float16's report takes */
function refuseUnknownPrecision(precision: string, compared: unknown): void {
  if (precision !== "float32" && precision !== "float16") {
    throw new CommandFailure("usage", `--precision is ${precision}: must be float32 or float16`);
  }
  if (precision === "float32" && compared !== undefined) {
    throw new CommandFailure("usage", "--check and --agreement need --precision float16");
  }
}

/** By a float32 package, with which the float16 one is compared. */
async function convertToFloat16(
  folder: string,
  source: string,
  flags: readonly string[],
  plan: { readonly check: readonly string[]; readonly agreement: string },
) {
  refuseExisting(folder);
  const work = mkdtempSync(path.join(tmpdir(), "model-convert-"));
  try {
    const float32 = path.join(work, "float32");
    const report = await convertTo(float32, source, flags);
    if (!report.servable) {
      throw new CommandFailure(
        "refused",
        "the input is no picture, so no answers can be compared; convert without --precision",
      );
    }
    const made = await makeFloat16({ source: float32, target: folder, views: 300, ...plan });
    return { report, made };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes a package from TensorFlow's formats. */
export const convert: Verb = {
  summary: "makes a package from a SavedModel (TensorFlow 1 or 2) or a frozen graph; needs Python",
  usage: [
    "convert PATH --name N [--input T] [--outputs A,B] ...",
    "  --input T      signature name or tensor (default: the signature's only input)",
    "  --outputs A,B  signature names or tensors (default: all of the signature)",
    "  --signature S  (default: serving_default)",
    "  --version V, --description D, --tag KEY=VALUE ...",
    "  --labels FILE  one class name a line; --kinds probabilities|logits|features|detections, one for each output",
    "  --detection reference|torchvision  the outputs are an SSD's raw heads (docs/detection.md)",
    "  --preset reference|torchvision|stretch, --order RGB|BGR, --mean M, --scale S, --shorter-side P",
    "                 how a picture becomes the input; a graph that decodes pictures shows it by itself",
    "  --precision float16  what the model computes in (default: float32), with a report of agreement on 300 views of",
    "                 --check FOLDER ... (default: samples); refused below --agreement R (default: 0.99)",
    "  --models FOLDER  (default: scoring-image/models); the package is FOLDER/N",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], options);
    if (values.name === undefined) throw new CommandFailure("usage", "--name is missing");
    refuseUnknownPrecision(values.precision, values.check ?? values.agreement);
    const folder = path.join(path.resolve(values.models ?? modelsFolder), values.name);
    const flags = passed.flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [`--${name}=${value}`];
    });
    const given = [
      `--name=${values.name}`,
      ...flags,
      ...(values.tag ?? []).map((tag) => `--tag=${tag}`),
    ];
    const source = positionals[0] as string;
    if (values.precision === "float16") {
      const { report, made } = await convertToFloat16(folder, source, given, {
        check: values.check ?? [samplesFolder],
        agreement: readAgreement(values.agreement ?? "0.99"),
      });
      return {
        json: { ...report, folder, float16: made.json },
        lines: [...linesOf(report), ...made.lines, showEnd(true, folder)],
      };
    }
    const report = await convertTo(folder, source, given);
    return {
      json: { folder, ...report },
      lines: [...linesOf(report), showEnd(report.servable, folder)],
    };
  },
};
