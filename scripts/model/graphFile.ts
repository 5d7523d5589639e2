import { readOnnxGraph } from "../../scoring-image/src/inference/runtimes/onnxRuntime/readGraph";
import { checkGraph, type Graph } from "../../scoring-image/src/model/graph";
import {
  ModelPackageError,
  readModelPackage,
  type ModelPackage,
} from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";

/**
 * Inputs and outputs of an ONNX file as the server's ONNX Runtime sees them.
 * @throws CommandFailure refused
 */
export async function readGraph(modelFile: string): Promise<Graph> {
  try {
    return await readOnnxGraph(modelFile);
  } catch (cause) {
    throw new CommandFailure(
      "refused",
      `ONNX Runtime cannot load ${modelFile}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/**
 * A package that the server would serve: read, and compared with its graph, as the server does at its start.
 * @throws CommandFailure refused
 */
export async function readServable(folder: string): Promise<ModelPackage> {
  const model = readChecked(() => readModelPackage(folder));
  const graph = await readGraph(model.file);
  readChecked(() => checkGraph(model, graph));
  return model;
}

/**
 * What is read of a package.
 * @throws CommandFailure refused
 */
export function readChecked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelPackageError) throw new CommandFailure("refused", error.message);
    throw error;
  }
}
