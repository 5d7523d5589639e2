import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { ModelPackage } from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";
import { readServable } from "./graphFile";
import { progressOn } from "./progress";
import { runPython } from "./python";
import { readArguments, readableSize, type Verb } from "./verb";

/** What `scoring-image/convert/inspect_model.py` tells of a model. */
interface Facts {
  readonly kind: string;
  readonly opset?: number;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly operators: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly bytes: number;
  readonly decodesPictures?: boolean;
}

interface TensorFacts {
  readonly name: string;
  readonly tensor?: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[] | null;
}

const showTensor = ({ name, tensor, dtype, shape }: TensorFacts) =>
  `${name}${tensor === undefined || tensor === name ? "" : ` (${tensor})`} ${dtype} ${shape ? `[${shape.join(",")}]` : "of unknown shape"}`;

/** What the server does with a package, in words. */
function servingOf({ input, outputs }: ModelPackage): string {
  const { transform } = input;
  const resize =
    transform.resize.to === "stretch"
      ? "stretched"
      : `shorter side to ${transform.resize.pixels}, centre cut`;
  const kinds = outputs.map(
    ({ name, kind, labels }) =>
      `${name} as ${kind}${labels ? ` with ${labels.length} labels` : ""}`,
  );
  return `serves it: pictures ${resize} to ${transform.width} x ${transform.height} (${transform.kernel}), ${transform.order}, (value - ${transform.mean.join(" ")}) * ${transform.scale.map((s) => Number(s.toPrecision(6))).join(" ")}; answers ${kinds.join(", ")}`;
}

async function judge(target: string, modelFile: string | undefined, facts: Facts): Promise<string> {
  if (modelFile === undefined) {
    const text = facts.decodesPictures
      ? "decodes pictures itself, so convert finds"
      : "needs --preset for";
    return `must be converted first: npm run model -- convert ${target} --name NAME (it ${text} the preprocessing)`;
  }
  if (!existsSync(path.join(path.dirname(modelFile), "model.json"))) {
    return "needs a model.json beside it, see docs/packages.md";
  }
  try {
    return servingOf(await readServable(path.dirname(modelFile)));
  } catch (error) {
    if (error instanceof CommandFailure) return `refuses it: ${error.message}`;
    throw error;
  }
}

/** Tells what a model is. */
export const inspect: Verb = {
  summary: "tensors, operators, size, and what the server does with it; needs Python",
  usage: [
    "inspect PATH [--signature S]",
    "  PATH  a package, an .onnx file, a SavedModel or a frozen graph",
  ],
  run: async (args) => {
    const { values, positionals } = readArguments(args, ["PATH"], {
      signature: { type: "string" },
    });
    const target = path.resolve(positionals[0] as string);
    const stat = statSync(target, { throwIfNoEntry: false });
    if (!stat) throw new CommandFailure("usage", `${target} does not exist`);
    const inside = path.join(target, "model.onnx");
    const modelFile = stat.isDirectory()
      ? existsSync(inside)
        ? inside
        : undefined
      : target.endsWith(".onnx")
        ? target
        : undefined;
    const facts = (await runPython(
      modelFile === undefined ? "tensorflow" : "onnx",
      "inspect_model.py",
      [
        modelFile ?? target,
        ...(values.signature === undefined ? [] : [`--signature=${values.signature}`]),
      ],
      progressOn(),
    )) as Facts;
    const server = await judge(target, modelFile, facts);
    const operators = Object.entries(facts.operators).map(([name, count]) => `${name} ${count}`);
    return {
      json: { ...facts, server },
      lines: [
        `${facts.kind}${facts.opset === undefined ? "" : `, opset ${facts.opset}`}, ${readableSize(facts.bytes)}, ${facts.parameters.toLocaleString("en")} parameters`,
        ...facts.inputs.map((tensor) => `input   ${showTensor(tensor)}`),
        ...facts.outputs.map((tensor) => `output  ${showTensor(tensor)}`),
        `operators: ${operators.join(", ")}`,
        `the server ${server}`,
      ],
    };
  },
};
