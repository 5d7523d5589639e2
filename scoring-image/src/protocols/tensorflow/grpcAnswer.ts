import type { ServiceDefinition } from "@grpc/grpc-js";
import { topClasses } from "../../inference/classification";
import type { Renderer } from "../../inference/threads/finisher";
import type { ModelPackage } from "../../model/modelPackage";
import { loadProto, serviceOf } from "../../proto/protos";
import { defaultSignature } from "../modelReference";
import type { RegressArgs } from "./examples";
import { encodePredictResponse } from "./predictMessages";
import { namedTensors, type WantedOutput } from "./predict";
import { scalarOf } from "./restAnswer";

/** Forms of the answers of TensorFlow Serving's gRPC services: whole messages. */
export const grpcForms = {
  predict: "tensorflow/grpc/predict",
  classify: "tensorflow/grpc/classify",
  regress: "tensorflow/grpc/regress",
} as const;

/** What {@link grpcForms}.predict needs to know. */
export interface GrpcPredictArgs {
  readonly outputs: readonly WantedOutput[];
  /** Values are sent as `tensor_content`. */
  readonly asContent: boolean;
}

let service: ServiceDefinition | undefined;

/** tensorflow.serving.PredictionService as its `.proto` file has it. */
export const predictionService = (): ServiceDefinition =>
  (service ??= serviceOf(
    loadProto("tensorflow_serving.proto"),
    "tensorflow.serving.PredictionService",
  ));

/** tensorflow.serving.ModelSpec of an answer. */
export const specOf = (model: ModelPackage, signature = defaultSignature) => ({
  name: model.name,
  version: { value: Number(model.version) },
  signature_name: signature,
});

const serialized = (method: string, message: object): Buffer =>
  (predictionService()[method] as ServiceDefinition[string]).responseSerialize(message);

const renderPredict: Renderer<GrpcPredictArgs> = (model, pictures, { outputs, asContent }) => {
  const { name, version } = model;
  const tensors = namedTensors(model, outputs, pictures);
  const signature = defaultSignature;
  return {
    parts: [encodePredictResponse({ outputs: tensors, name, version, signature, asContent })],
  };
};

const renderClassify: Renderer<object> = (model, pictures) => {
  const classifications = pictures.map(({ outputs }) => ({
    classes: topClasses(model, outputs, Infinity).map(({ label, probability }) => ({
      label,
      score: probability,
    })),
  }));
  const message = { result: { classifications }, model_spec: specOf(model) };
  return { parts: [serialized("Classify", message)] };
};

const renderRegress: Renderer<RegressArgs> = (model, pictures, { output }) => {
  const regressions = pictures.map(({ outputs }) => ({ value: scalarOf(outputs, output) }));
  const message = { result: { regressions }, model_spec: specOf(model) };
  return { parts: [serialized("Regress", message)] };
};

/** Writes {@link grpcForms}. */
export const grpcRenderers = {
  [grpcForms.predict]: renderPredict,
  [grpcForms.classify]: renderClassify,
  [grpcForms.regress]: renderRegress,
} as const;
