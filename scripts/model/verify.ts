import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";
import { samplesFolder } from "./folders";
import { readServable } from "./graphFile";
import { readPhotographs, writeTensors, type Photograph } from "./pictureTensors";
import { progressOn } from "./progress";
import { runPython } from "./python";
import { readArguments, type Verb } from "./verb";

/** How far one output is apart. */
interface Differences {
  /** Name of the first model's output. */
  readonly first: string;
  readonly largestDifference: number;
  /** As a part of the standard deviation; null where the second model's output has none. */
  readonly largestOfDeviation: number | null;
}

/** What `scoring-image/convert/verify.py` found for one output. */
interface OutputReport extends Differences {
  readonly second: string;
  readonly meanDifference: number;
  readonly standardDeviation: number;
  readonly leastDifferenceOfTwoPictures: number | null;
  readonly top1Agreement?: number;
}

interface Report {
  readonly pictures: number;
  readonly milliseconds: { readonly first: number; readonly second: number };
  readonly peakMemoryMb: number;
  readonly outputs: readonly OutputReport[];
}

interface Side {
  readonly path: string;
  /** Undefined for anything but a package. */
  readonly model: ModelPackage | undefined;
}

async function openSide(name: string): Promise<Side> {
  const target = path.resolve(name);
  const stat = statSync(target, { throwIfNoEntry: false });
  if (!stat) throw new CommandFailure("usage", `${target} does not exist`);
  if (!stat.isDirectory() || !existsSync(path.join(target, "model.json"))) {
    const alone = path.join(target, "model.onnx");
    return { path: stat.isDirectory() && existsSync(alone) ? alone : target, model: undefined };
  }
  const model = await readServable(target);
  return { path: model.file, model };
}

const classifies = (kind: string) => kind === "probabilities" || kind === "logits";

/** A side of the plan that verify.py reads: what it runs, and the pictures as that side takes them. */
function planSide(
  side: Side,
  fallback: ModelPackage,
  photographs: readonly Photograph[],
  { file, input }: { readonly file: string; readonly input: string | undefined },
) {
  const model = side.model ?? fallback;
  const pictures = photographs.map(({ pixels }) => pixels);
  writeTensors(file, model.input.transform, pictures, pictures.length);
  return {
    path: side.path,
    input: side.model?.input.name ?? input ?? "",
    tensors: file,
    pictures: photographs.map((photograph) => path.resolve(photograph.file)),
  };
}

function linesOf({ pictures, milliseconds, peakMemoryMb, outputs }: Report): string[] {
  const show = (value: number | null) => (value === null ? "-" : value.toPrecision(3));
  return [
    `${pictures} pictures, ${milliseconds.first} and ${milliseconds.second} ms each, ${peakMemoryMb} MB at most`,
    ...outputs.map((output) => {
      const top1 =
        output.top1Agreement === undefined
          ? ""
          : `, top-1 agrees in ${(100 * output.top1Agreement).toFixed(1)} %`;
      return `${output.first} and ${output.second}: largest difference ${show(output.largestDifference)}, mean ${show(output.meanDifference)}; largest is ${show(output.largestOfDeviation)} of the standard deviation${top1}`;
    }),
  ];
}

/** The first output that differs by more than the tolerance, as a failure; none without a tolerance. */
export function judge(
  { outputs }: { readonly outputs: readonly Differences[] },
  tolerance: number | undefined,
): CommandFailure | undefined {
  if (tolerance === undefined) return undefined;
  const worst = outputs.find(
    ({ largestOfDeviation, largestDifference }) =>
      // An output without deviation, the same for every picture, has to agree exactly.
      !((largestOfDeviation ?? (largestDifference === 0 ? 0 : Infinity)) <= tolerance),
  );
  if (!worst) return undefined;
  const { first, largestDifference, largestOfDeviation } = worst;
  const by =
    largestOfDeviation === null
      ? `${largestDifference}, and does not vary`
      : `${largestOfDeviation} of its standard deviation`;
  return new CommandFailure("differs", `${first} differs by ${by}, more than ${tolerance}`);
}

/** Compares two models on the same photographs. */
export const verify: Verb = {
  summary:
    "the same photographs through two models, and how far their outputs are apart; needs Python",
  usage: [
    "verify PATH --against PATH [--pictures FILE|FOLDER ...] [--input T] [--tolerance R]",
    "  PATH           a package; the other may also be an .onnx file, a SavedModel or a frozen graph",
    "  --pictures     (default: samples)",
    "  --input T      of a side that is no package, where it has several",
    "  --tolerance R  largest difference allowed, as a part of the output's standard deviation; beyond it exit code 6",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], {
      against: { type: "string" },
      pictures: { type: "string", multiple: true },
      input: { type: "string" },
      tolerance: { type: "string" },
    });
    if (values.against === undefined) throw new CommandFailure("usage", "--against is missing");
    const tolerance = values.tolerance === undefined ? undefined : Number(values.tolerance);
    if (tolerance !== undefined && !(tolerance >= 0)) {
      throw new CommandFailure("usage", `--tolerance is ${values.tolerance}: must be 0 or more`);
    }
    const first = await openSide(positionals[0] as string);
    const second = await openSide(values.against);
    if (!first.model) {
      throw new CommandFailure(
        "usage",
        `${positionals[0]} must be a package, a folder with model.json`,
      );
    }
    const { photographs, leftOut } = await readPhotographs(values.pictures ?? [samplesFolder]);
    const folder = mkdtempSync(path.join(tmpdir(), "model-verify-"));
    try {
      const side = (which: Side, name: string) =>
        planSide(which, first.model as ModelPackage, photographs, {
          file: path.join(folder, `${name}.npy`),
          input: values.input,
        });
      const plan = {
        first: side(first, "first"),
        second: side(second, "second"),
        outputs: first.model.outputs.map(({ name, aliases, kind }) => ({
          name,
          aliases,
          classifies: classifies(kind),
        })),
      };
      const file = path.join(folder, "plan.json");
      writeFileSync(file, JSON.stringify(plan));
      const toolkit = second.path.endsWith(".onnx") ? "onnx" : "tensorflow";
      const report = (await runPython(toolkit, "verify.py", [file], progressOn())) as Report;
      const failure = judge(report, tolerance);
      return {
        json: { ...report, leftOut },
        lines: [...linesOf(report), ...leftOut.map((line) => `left out: ${line}`)],
        ...(failure ? { failure } : {}),
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
