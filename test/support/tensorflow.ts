import { methodOf } from "./grpcClient";

const prediction = (method: string) =>
  methodOf("tensorflow_serving.proto", "tensorflow.serving.PredictionService", method);
const models = (method: string) =>
  methodOf("tensorflow_serving.proto", "tensorflow.serving.ModelService", method);

/** TensorFlow Serving's methods as a stock client calls them: encoded and decoded by the `.proto` files alone. */
export const tensorflow = {
  predict: prediction("Predict"),
  classify: prediction("Classify"),
  regress: prediction("Regress"),
  multiInference: prediction("MultiInference"),
  metadata: prediction("GetModelMetadata"),
  status: models("GetModelStatus"),
  reload: models("HandleReloadConfigRequest"),
};

/** A TensorProto of a PredictResponse. */
export interface TensorAnswer {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: { readonly size: number }[] };
  readonly tensor_content: Buffer;
  readonly float_val: number[];
}

export interface PredictAnswer {
  readonly outputs: Record<string, TensorAnswer>;
  readonly model_spec: {
    readonly name: string;
    readonly version: { readonly value: number };
    readonly signature_name: string;
  };
}

export const shape = (...dims: number[]) => ({ dim: dims.map((size) => ({ size })) });

/** Encoded pictures as DT_STRING. */
export const strings = (...pictures: Uint8Array[]) => ({
  dtype: "DT_STRING",
  tensor_shape: shape(pictures.length),
  string_val: pictures,
});
