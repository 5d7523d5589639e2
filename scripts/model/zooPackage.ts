import { copyFileSync } from "node:fs";
import path from "node:path";
import type { ZooModel } from "../../components/catalogue/modelZoo";
import type { Graph, GraphTensor } from "../../scoring-image/src/model/graph";
import { hashOf } from "../../scoring-image/src/model/packageFiles";
import { CommandFailure } from "./failure";
import { modelsFolder } from "./folders";

/** Class names of ImageNet's 1000 classes, those of the bundled model, and of COCO's 80, after the background. */
const labelFiles = {
  logits: path.join(modelsFolder, "efficientnet-lite0", "labels.txt"),
  detections: path.join(__dirname, "cocoLabels.txt"),
};

/** ONNX Runtime leaves free dimensions without a name in some of the zoo's files. */
const named = ({ shape }: GraphTensor) =>
  shape.map((size, i) => (size === "" ? (i === 0 ? "N" : `d${i}`) : size));

/**
 * The model.json of a zoo model: preprocessing of the zoo, names of both worlds of the reference system.
 * @param graph inputs and outputs of the file; its tensor names are what they are
 * @throws CommandFailure refused when the file is not what the catalogue says
 */
export function zooManifest(model: ZooModel, graph: Graph) {
  const [input] = graph.inputs;
  const shape = input ? named(input) : [];
  if (!input || shape[1] !== 3 || shape[2] !== model.side || shape[3] !== model.side) {
    throw new CommandFailure(
      "refused",
      `${model.file} takes ${JSON.stringify(shape)}, not [N,3,${model.side},${model.side}]`,
    );
  }
  const { detection } = model;
  return {
    schemaVersion: 1,
    name: model.name,
    version: "1",
    description: model.description,
    tags: { source: "onnx-model-zoo", file: model.file, licence: "Apache-2.0" },
    files: { "model.onnx": model.sha256, "labels.txt": hashOf(labelFiles[model.kind]) },
    inputs: [
      {
        name: input.name,
        aliases: model.inputAliases.filter((alias) => alias !== input.name),
        dtype: input.dtype,
        shape,
        image: { preset: "torchvision", ...(detection ? { preserveAspectRatio: false } : {}) },
      },
    ],
    outputs: graph.outputs.map((output) => ({
      name: output.name,
      aliases: model.outputAliases,
      dtype: output.dtype,
      shape: named(output),
      kind: model.kind,
      ...(detection ? {} : { labels: "labels.txt" }),
    })),
    ...(detection ? { detection: { preset: "decoded", ...detection, labels: "labels.txt" } } : {}),
  };
}

/** Puts the class names beside the model. */
export function copyLabels({ kind }: ZooModel, folder: string): void {
  copyFileSync(labelFiles[kind], path.join(folder, "labels.txt"));
}
