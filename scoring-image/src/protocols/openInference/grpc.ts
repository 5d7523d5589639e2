import type { AdapterOptions } from "../adapterOptions";
import { ScoringError } from "../../errors";
import type { CallContext } from "../../inference/call";
import { loadProto, serviceOf } from "../../proto/protos";
import { messageOf } from "../grpc/wire";
import type { GrpcService } from "../grpcServer";
import { checkReference } from "../modelReference";
import { openInferenceForms } from "./answer";
import { readInputs, type Parameters, type WireInput } from "./grpcTensors";
import { infer } from "./infer";
import { modelMetadata, serverMetadata } from "./metadata";
import { refuseSharedMemory } from "./sharedMemory";

const file = "open_inference.proto";

interface ModelRequest {
  readonly name: string;
  readonly version: string;
}

interface ModelInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly inputs: readonly WireInput[];
  readonly outputs: readonly { readonly name: string; readonly parameters: Parameters }[];
  readonly raw_input_contents: readonly Buffer[];
}

/** `inference.GRPCInferenceService`; live and ready are open without a key, as their REST paths are. */
export function openInferenceService(options: AdapterOptions, isReady: () => boolean): GrpcService {
  const { model } = options;
  const check = ({ name, version }: ModelRequest) =>
    checkReference(options, { name, version: version || undefined });
  return {
    file,
    definition: serviceOf(loadProto(file), "inference.GRPCInferenceService"),
    protocol: "open-inference-grpc",
    scoring: ["ModelInfer"],
    open: ["ServerLive", "ServerReady", "ModelReady"],
    methods: {
      ServerLive: () => ({ live: true }),
      ServerReady: () => ({ ready: isReady() }),
      ModelReady: (request: ModelRequest) => {
        check(request);
        return { ready: isReady() };
      },
      ServerMetadata: () => serverMetadata,
      ModelMetadata: (request: ModelRequest) => {
        check(request);
        return modelMetadata(model);
      },
      ModelInfer: (request: ModelInferRequest, context: CallContext) =>
        modelInfer(options, request, context),
    },
  };
}

async function modelInfer(
  options: AdapterOptions,
  request: ModelInferRequest,
  context: CallContext,
): Promise<Buffer> {
  const { id, raw_input_contents: raw } = request;
  checkReference(options, {
    name: request.model_name,
    version: request.model_version || undefined,
  });
  refuseSharedMemory(request);
  const wanted = {
    inputs: readInputs(request.inputs, raw),
    outputs: request.outputs.map((output) => ({
      name: output.name,
      classes: classesOf(output.name, output.parameters),
    })),
  };
  const form = { form: openInferenceForms.grpc, extra: { id, isRaw: raw.length > 0 } };
  return messageOf(await infer(options, wanted, form, context));
}

function classesOf(output: string, parameters: Parameters): number {
  const parameter = parameters["classification"];
  if (!parameter) return 0;
  const count = parameter.int64_param ?? parameter.uint64_param;
  if (Number.isSafeInteger(count) && (count as number) >= 1) return count as number;
  throw new ScoringError(
    "INVALID_REQUEST",
    `The parameter classification of the output "${output.slice(0, 100)}" must be an int64_param of at least 1.`,
  );
}
