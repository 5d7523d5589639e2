import { topClasses } from "../../inference/classification";
import { stackOutput } from "../../inference/stackOutputs";
import type { TensorValues } from "../../inference/tensors";
import type { PictureOutputs, Renderer } from "../../inference/threads/finisher";
import { renderParts, type JsonPart } from "../../json/render";
import type { ModelPackage } from "../../model/modelPackage";
import { findOutput, wantsProbabilities, type NamedOutput } from "../../model/naming";
import { loadProto, serviceOf } from "../../proto/protos";
import { datatypeOf, writeBinary } from "./datatypes";
import { writeOutputs } from "./grpcTensors";
import type { InferOutput } from "./messages";

/** Forms of the protocol's answers: the body of REST's, and the message of gRPC's. */
export const openInferenceForms = {
  rest: "open-inference/rest",
  grpc: "open-inference/grpc",
} as const;

/** The outputs that were asked for. */
export interface OutputsArgs {
  readonly outputs: readonly {
    readonly output: string;
    /** As the caller knows it. */
    readonly name: string;
    /** Of the classification extension: answer that many classes instead of the values; 0 for the values. */
    readonly classes: number;
  }[];
}

export interface RestArgs extends OutputsArgs {
  readonly id: string;
  /** For each output whether it is sent as binary data. */
  readonly areBinary: readonly boolean[];
}

/** What REST's form says beside the body. */
export interface RestHead {
  /** Bytes of JSON before the binary data; absent when all is JSON. */
  readonly jsonLength?: number;
}

export interface GrpcArgs extends OutputsArgs {
  readonly id: string;
  /** Whether values go into `raw_output_contents`. */
  readonly isRaw: boolean;
}

const outputsOf = (
  model: ModelPackage,
  pictures: readonly PictureOutputs[],
  { outputs }: OutputsArgs,
): InferOutput[] =>
  outputs.map(({ output: own, name, classes }) => {
    const named = { output: findOutput(model, own), name };
    return classes > 0 ? classesOf(model, named, pictures, classes) : valuesOf(named, pictures);
  });

function valuesOf(named: NamedOutput, pictures: readonly PictureOutputs[]): InferOutput {
  const { output, name } = named;
  const { dims, data } = stackOutput(output, pictures, wantsProbabilities(named));
  return { name, datatype: datatypeOf(output.dtype), shape: dims, data };
}

/** The classification extension: for each picture its most probable classes as `probability:index:label`. */
function classesOf(
  model: ModelPackage,
  { name }: NamedOutput,
  pictures: readonly PictureOutputs[],
  count: number,
): InferOutput {
  const rows = pictures.map(({ outputs }) =>
    topClasses(model, outputs, count).map(
      ({ probability, index, label }) => `${probability.toFixed(6)}:${index}:${label}`,
    ),
  );
  const data = rows.flat();
  return { name, datatype: "BYTES", shape: [rows.length, rows[0]?.length ?? 0], data };
}

const renderRest: Renderer<RestArgs> = (model, pictures, args) => {
  const binary: Buffer[] = [];
  const described = outputsOf(model, pictures, args).map(
    ({ name, datatype, shape, data }, i): JsonPart[] => {
      const tensor = { name, datatype, shape };
      if (!args.areBinary[i]) return [opened(tensor), ',"data":', dataPart(data), "}"];
      const bytes = writeBinary({ data });
      binary.push(bytes);
      return [JSON.stringify({ ...tensor, parameters: { binary_data_size: bytes.length } })];
    },
  );
  const { name: model_name, version: model_version } = model;
  const head = opened({ model_name, model_version, ...(args.id ? { id: args.id } : {}) });
  const listed = described.flatMap((parts, i) => (i === 0 ? parts : [",", ...parts]));
  const json = renderParts([head, ',"outputs":[', ...listed, "]}"]);
  const said: RestHead = binary.length === 0 ? {} : { jsonLength: json.length };
  return { head: said, parts: [json, ...binary] };
};

/** A JSON object that goes on. */
const opened = (value: object) => JSON.stringify(value).slice(0, -1);

/** JSON has neither 64-bit integers nor infinities; the former become numbers, the latter null. */
const dataPart = (data: InferOutput["data"]): JsonPart =>
  Array.isArray(data)
    ? JSON.stringify(data)
    : { dims: [data.length], data: data as TensorValues, numbers: "plain" };

const renderGrpc: Renderer<GrpcArgs> = (model, pictures, args) => {
  const { name, version } = model;
  const outputs = writeOutputs(outputsOf(model, pictures, args), args.isRaw);
  const message = { model_name: name, model_version: version, id: args.id, ...outputs };
  const service = serviceOf(loadProto("open_inference.proto"), "inference.GRPCInferenceService");
  return { parts: [service["ModelInfer"]?.responseSerialize(message) as Buffer] };
};

/** Writes {@link openInferenceForms}. */
export const openInferenceRenderers = {
  [openInferenceForms.rest]: renderRest,
  [openInferenceForms.grpc]: renderGrpc,
} as const;
