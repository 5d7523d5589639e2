import { modelZoo } from "../components/catalogue/modelZoo";
import type { StatedModel } from "../components/catalogue/modelSources";
import type { Key, Values } from "./definitions";
import { problem, type Findings } from "./problems";

/** What `scoring-image/models` holds. */
export interface ModelsHere {
  readonly packages: readonly string[];
  /** SavedModels and frozen graphs. */
  readonly sources: readonly string[];
}

const conversionKeys = [
  "conversion.input",
  "conversion.outputs",
  "conversion.preset",
  "conversion.order",
  "conversion.mean",
  "conversion.scale",
  "conversion.detection",
] as const satisfies readonly Key[];

/** Rules on the model: it is there, only a TensorFlow model is converted, and to a precision that its accelerator can have. */
export function modelRules(values: Values, { packages, sources }: ModelsHere): Findings {
  const { model } = values;
  const problems: string[] = [];
  if (!packages.includes(model) && !sources.includes(model))
    problems.push(missing(model, [...packages, ...sources]));
  if (packages.includes(model)) {
    for (const key of conversionKeys) {
      if (values[key] !== undefined) {
        problems.push(
          problem(key, values[key], `${model} is a package and is not converted`, `${key} ""`),
        );
      }
    }
  }
  problems.push(...precisionProblems(values, packages.includes(model)));
  if (values["conversion.preset"] === undefined) {
    for (const key of ["conversion.order", "conversion.mean", "conversion.scale"] as const) {
      if (values[key] !== undefined && sources.includes(model)) {
        problems.push(
          problem(
            key,
            values[key],
            "it changes what a preset says and conversion.preset is not set",
            "conversion.preset reference",
          ),
        );
      }
    }
  }
  return { problems, notices: [] };
}

function precisionProblems(values: Values, isPackage: boolean): string[] {
  const { model, target, accelerator } = values;
  const precision = values["conversion.precision"];
  if (precision === "float32") return [];
  if (target !== "local" && accelerator === "fpga") {
    return [
      problem(
        "conversion.precision",
        precision,
        "accelerator is fpga, and what an FPGA computes in is fixed when its own model is compiled",
        "conversion.precision float32",
      ),
    ];
  }
  if (!isPackage) return [];
  const made = `${model}-${precision}`;
  return [
    `${problem(
      "conversion.precision",
      precision,
      `${model} is a package and is not converted`,
      "conversion.precision float32",
    )}, and make the package ${made} with: npm run model -- quantize scoring-image/models/${model} --precision ${precision}, then: pulumi config set model ${made}`,
  ];
}

function missing(model: string, here: readonly string[]): string {
  if (modelZoo.some(({ name }) => name === model)) {
    return `model is "${model}": it is in the catalogue, but not in scoring-image/models yet. Mend it with: npm run model -- fetch ${model}`;
  }
  return problem(
    "model",
    model,
    `scoring-image/models has ${here.join(", ") || "no model"}`,
    `model ${here[0] ?? "NAME"}`,
  );
}

/** What the settings say about a TensorFlow model. */
export function statedModel(
  values: Pick<
    Values,
    | "modelVersion"
    | "modelDescription"
    | "modelTags"
    | "conversion.precision"
    | (typeof conversionKeys)[number]
  >,
): StatedModel {
  const conversion = conversionKeys.flatMap((key) => {
    const value = values[key];
    return value === undefined ? [] : [[key.slice("conversion.".length), value] as const];
  });
  return {
    version: String(values.modelVersion),
    description: values.modelDescription,
    tags: values.modelTags,
    ...Object.fromEntries(conversion),
    // Left out of float32's recipe, whose hash is part of a converted model's version.
    ...(values["conversion.precision"] === "float16" ? { precision: "float16" } : {}),
  };
}
