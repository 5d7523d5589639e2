import path from "node:path";
import { CommandFailure } from "./failure";
import { modelsFolder } from "./folders";
import { readServable } from "./graphFile";
import { progressOn } from "./progress";
import { runPython } from "./python";
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
  ...(Object.fromEntries(passed.map((name) => [name, { type: "string" }])) as Record<
    (typeof passed)[number],
    { readonly type: "string" }
  >),
} as const;

function linesOf(report: Report, folder: string): string[] {
  const { source, preprocessing, input, outputs } = report;
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
    report.servable
      ? `${folder} is ready. Serve it: MODEL_DIR=${folder} npm start`
      : `${folder} holds model.onnx alone: its input is no picture [N,h,w,3] or [N,3,h,w], so the scoring server cannot serve it`,
  ];
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
    "  --models FOLDER  (default: scoring-image/models); the package is FOLDER/N",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], options);
    if (values.name === undefined) throw new CommandFailure("usage", "--name is missing");
    const folder = path.join(path.resolve(values.models ?? modelsFolder), values.name);
    const flags = passed.flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [`--${name}=${value}`];
    });
    const report = (await runPython(
      "tensorflow",
      "convert.py",
      [
        path.resolve(positionals[0] as string),
        `--package=${folder}`,
        `--name=${values.name}`,
        ...flags,
        ...(values.tag ?? []).map((tag) => `--tag=${tag}`),
      ],
      progressOn(),
    )) as Report;
    if (report.servable) await readServable(folder);
    return { json: { folder, ...report }, lines: linesOf(report, folder) };
  },
};
