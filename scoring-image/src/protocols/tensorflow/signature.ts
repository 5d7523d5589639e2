import { classShape } from "../../inference/classification";
import type { ModelPackage } from "../../model/modelPackage";
import type { Dimension, ModelOutput } from "../../model/modelTensors";
import { signatureKey, wantsProbabilities } from "../../model/naming";
import { defaultSignature } from "../modelReference";
import { predictMethod } from "./predict";
import { dataTypeOf } from "./tensorWire";

/** -1 stands for a dimension that may vary. */
const shapeOf = (dims: readonly Dimension[]) => ({
  dim: dims.map((size) => ({ size: typeof size === "number" ? size : -1, name: "" })),
  unknown_rank: false,
});

/** As the output is answered under its signature's key. */
const outputShape = (output: ModelOutput) => {
  const shape = ["N", ...output.shape.slice(1)];
  const isTurned = wantsProbabilities({ output, name: signatureKey(output) });
  return shapeOf(isTurned ? classShape(shape) : shape);
};

/**
 * tensorflow.serving.SignatureDefMap of a model: one signature, `serving_default`. Its input is listed as DT_STRING [-1], the encoded
 * pictures; the decoded batch that it takes as well has no place in a signature.
 */
export function signatureDefMap({ input, outputs }: ModelPackage) {
  const picture = { name: input.name, dtype: "DT_STRING", tensor_shape: shapeOf(["N"]) };
  const infos = outputs.map((output) => [
    signatureKey(output),
    {
      name: output.name,
      dtype: dataTypeOf(output.dtype),
      tensor_shape: outputShape(output),
    },
  ]);
  return {
    signature_def: {
      [defaultSignature]: {
        inputs: { [signatureKey(input)]: picture },
        outputs: Object.fromEntries(infos) as Record<string, typeof picture>,
        method_name: predictMethod,
      },
    },
  };
}
