import type { ModelPackage } from "../../model/modelPackage";
import type { Dimension } from "../../model/modelTensors";
import { datatypeOf } from "./datatypes";

/** Answer to a server metadata request; the version is that of this package. */
export const serverMetadata = {
  name: "accelerated-scoring",
  version: "0.1.0",
  extensions: ["binary_tensor_data", "classification"],
} as const;

/** A dimension that may vary is -1. */
const sizes = (shape: readonly Dimension[]) =>
  shape.map((size) => (typeof size === "number" ? size : -1));

/**
 * Answer to a model metadata request, the tensors as the graph has them. That the input takes encoded pictures as BYTES as well
 * cannot be said in it.
 */
export const modelMetadata = ({ name, version, input, outputs }: ModelPackage) => ({
  name,
  versions: [version],
  platform: "onnxruntime_onnx",
  inputs: [{ name: input.name, datatype: datatypeOf(input.dtype), shape: sizes(input.shape) }],
  outputs: outputs.map((output) => ({
    name: output.name,
    datatype: datatypeOf(output.dtype),
    shape: sizes(output.shape),
  })),
});
