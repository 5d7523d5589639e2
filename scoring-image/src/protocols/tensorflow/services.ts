import type { CallContext } from "../../inference/call";
import { ScoringError } from "../../errors";
import { selectOutputs } from "../../model/naming";
import { messageOf } from "../grpc/wire";
import type { GrpcService, UnaryHandler } from "../grpcServer";
import { loadProto, serviceOf } from "../../proto/protos";
import { checkReference, type ModelReference } from "../modelReference";
import { classify, regress, type Features } from "./examples";
import { inputValueOf } from "./inputValues";
import { grpcForms, predictionService, specOf, type GrpcPredictArgs } from "./grpcAnswer";
import { infer, onlyInput, wantedOutputs, type TensorflowOptions } from "./predict";
import { decodePredictRequest, type PredictRequest } from "./predictMessages";
import { signatureDefMap } from "./signature";

interface ModelSpec {
  readonly name: string;
  readonly version?: { readonly value: number } | null;
  readonly version_label?: string;
  readonly signature_name: string;
}

interface WithSpec {
  readonly model_spec: ModelSpec | null;
}

interface Feature {
  readonly bytes_list?: { readonly value: Uint8Array[] };
  readonly float_list?: { readonly value: number[] };
  readonly int64_list?: { readonly value: number[] };
}

interface Example {
  readonly features: { readonly feature: Readonly<Record<string, Feature>> } | null;
}

interface ExampleRequest extends WithSpec {
  readonly input: {
    readonly example_list?: { readonly examples: Example[] };
    readonly example_list_with_context?: {
      readonly examples: Example[];
      readonly context: Example | null;
    };
  } | null;
}

const file = "tensorflow_serving.proto";
const definitions = loadProto(file);

function referenceOf({ model_spec: spec }: WithSpec): ModelReference {
  return {
    name: spec?.name,
    version: spec?.version?.value,
    label: spec?.version_label,
    signature: spec?.signature_name,
  };
}

/** tensorflow.serving.PredictionService. */
export function predictionServiceOf(options: TensorflowOptions): GrpcService {
  const methods: Record<string, UnaryHandler<never>> = {
    Predict: (request: PredictRequest, context) => predict(options, request, context),
    Classify: async (request: ExampleRequest, context) => {
      checkReference(options, referenceOf(request));
      const form = grpcForms.classify;
      return messageOf(await classify(options, examplesOf(request), form, context));
    },
    Regress: async (request: ExampleRequest, context) => {
      checkReference(options, referenceOf(request));
      const form = grpcForms.regress;
      return messageOf(await regress(options, examplesOf(request), form, context));
    },
    MultiInference: () => {
      const message =
        "MultiInference needs several signatures over one example; models here have one. Use Classify or Predict.";
      throw new ScoringError("UNIMPLEMENTED", message);
    },
    GetModelMetadata: (request: WithSpec & { metadata_field: string[] }) =>
      metadata(options, request),
  };
  const definition = {
    ...predictionService(),
    Predict: {
      ...predictionService()["Predict"],
      requestDeserialize: decodePredictRequest,
    },
  } as unknown as GrpcService["definition"];
  const scoring = ["Predict", "Classify", "Regress"];
  return { file, definition, methods, protocol: "tensorflow-grpc", scoring };
}

async function predict(
  options: TensorflowOptions,
  { reference, inputs, filter }: PredictRequest,
  context: CallContext,
): Promise<Buffer> {
  const { model, tensorContent } = options;
  checkReference(options, reference);
  const { name, value, input } = onlyInput(model, inputs);
  const outputs = wantedOutputs(options, selectOutputs(model, name, filter));
  const args: GrpcPredictArgs = { outputs, asContent: tensorContent };
  const form = { form: grpcForms.predict, args };
  return messageOf(await infer(options, inputValueOf(name, value, input), form, context));
}

function examplesOf({ input }: ExampleRequest): Features[] {
  const list = input?.example_list ?? input?.example_list_with_context;
  const shared = input?.example_list_with_context?.context?.features?.feature ?? {};
  return (list?.examples ?? []).map(({ features }) => {
    const entries = Object.entries({ ...shared, ...features?.feature });
    return new Map(
      entries.map(([name, { bytes_list: bytes, float_list: floats, int64_list: ints }]) => [
        name,
        { bytes: bytes?.value ?? [], numbers: floats?.value ?? ints?.value ?? [] },
      ]),
    );
  });
}

function metadata(
  options: TensorflowOptions,
  request: WithSpec & { readonly metadata_field: readonly string[] },
) {
  const { model } = options;
  checkReference(options, referenceOf(request));
  const { metadata_field: fields } = request;
  const unknown = fields.find((field) => field !== "signature_def");
  if (fields.length === 0 || unknown !== undefined) {
    const message =
      unknown === undefined
        ? "GetModelMetadataRequest must specify at least one metadata_field"
        : `Metadata field ${unknown} is not supported`;
    throw new ScoringError("INVALID_REQUEST", message);
  }
  const { serialize } = definitions["tensorflow.serving.SignatureDefMap"] as unknown as {
    serialize: (message: object) => Buffer;
  };
  const value = serialize(signatureDefMap(model));
  const type = "type.googleapis.com/tensorflow.serving.SignatureDefMap";
  return {
    model_spec: specOf(model, ""),
    metadata: { signature_def: { type_url: type, value } },
  };
}

/** tensorflow.serving.ModelService; its configuration is the model package, which cannot be replaced by a call. */
export function modelServiceOf(options: TensorflowOptions): GrpcService {
  return {
    file,
    definition: serviceOf(definitions, "tensorflow.serving.ModelService"),
    protocol: "tensorflow-grpc",
    scoring: [],
    methods: {
      GetModelStatus: (request: WithSpec) => {
        checkReference(options, { ...referenceOf(request), signature: undefined });
        return { model_version_status: [modelStatus(options)] };
      },
      HandleReloadConfigRequest: () => {
        const message =
          "Models are not reloaded by a call; start the service with another MODEL_DIR.";
        throw new ScoringError("UNIMPLEMENTED", message);
      },
    },
  };
}

/** tensorflow.serving.ModelVersionStatus of the served version. */
export const modelStatus = ({ model, predictor }: TensorflowOptions) => ({
  version: model.version,
  state: predictor.isReady ? "AVAILABLE" : "LOADING",
  status: { error_code: 0, error_message: "" },
});
