import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AdapterOptions } from "..";
import { ScoringError, toScoringError } from "../../errors";
import type { TensorValues } from "../../inference/messages";
import type { JsonPart } from "../../json/render";
import type { Readiness } from "../health";
import { callContext } from "../callContext";
import { checkReference } from "../modelReference";
import { readBody } from "../readBody";
import { writeBinary } from "./datatypes";
import { infer } from "./infer";
import { modelMetadata, serverMetadata } from "./metadata";
import type { InferOutput } from "./messages";
import { readRestRequest, type RestRequest } from "./restRequest";

/** Names how many bytes of a body are JSON, before its binary data. */
const jsonLengthHeader = "inference-header-content-length";

interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/** Errors of this protocol are `{"error": "text"}`. */
const errorForm = ({ message }: ScoringError) => ({ error: message });

/**
 * The Open Inference Protocol over HTTP with its extensions for binary data and classification;
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export function registerOpenInference(
  app: FastifyInstance,
  options: AdapterOptions,
  isReady: Readiness,
): void {
  const config = { errorForm };
  app.get("/v2", { config }, () => serverMetadata);
  for (const path of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    app.get(`${path}/ready`, { config: { ...config, isOpen: true } }, (request, reply) => {
      const name = checkModel(options, request.params as ModelParams);
      const ready = isReady();
      return reply.code(ready ? 200 : 503).send({ name, ready });
    });
    app.get(path, { config }, (request) => {
      checkModel(options, request.params as ModelParams);
      return modelMetadata(options.model);
    });
    app.post(`${path}/infer`, { config }, (request, reply) => score(request, reply, options));
  }
}

function checkModel(options: AdapterOptions, { name, version }: ModelParams): string {
  checkReference(options, { name, version });
  return options.model.name;
}

async function score(request: FastifyRequest, reply: FastifyReply, options: AdapterOptions) {
  const finish = options.metrics.begin("open-inference");
  try {
    const context = callContext(reply, options.scoringTimeoutMs);
    checkModel(options, request.params as ModelParams);
    const length = jsonLength(request);
    const body = await readBody(request.raw, options);
    const wanted =
      length === 0 ? rawRequest(options, body) : await readRestRequest(body, length, options.json);
    const answers = await infer(options, wanted, context);
    finish("OK");
    return send(reply, options, wanted, answers);
  } catch (thrown) {
    const error = toScoringError(thrown);
    finish(error.code);
    throw error;
  }
}

function jsonLength({ headers }: FastifyRequest): number | undefined {
  const value = headers[jsonLengthHeader];
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^\d{1,10}$/.test(value)) return Number(value);
  const message = `The header Inference-Header-Content-Length is "${String(value).slice(0, 20)}": not a number of bytes.`;
  throw new ScoringError("INVALID_REQUEST", message);
}

/** With a JSON length of 0 the body is nothing but the one input: here, a picture. */
function rawRequest({ model }: AdapterOptions, body: Uint8Array): RestRequest {
  const { name } = model.input;
  const data = { datatype: "BYTES", elements: [body] } as const;
  return { id: "", inputs: [{ name, shape: [1], data }], outputs: [], isBinary: () => false };
}

async function send(
  reply: FastifyReply,
  { model, json: thread }: AdapterOptions,
  { id, isBinary }: RestRequest,
  outputs: readonly InferOutput[],
) {
  const binary: Buffer[] = [];
  const described = outputs.map(({ name, datatype, shape, data }, i): JsonPart[] => {
    const tensor = { name, datatype, shape };
    if (!isBinary(i)) return [opened({ ...tensor }), ',"data":', dataPart(data), "}"];
    const bytes = writeBinary({ data });
    binary.push(bytes);
    return [JSON.stringify({ ...tensor, parameters: { binary_data_size: bytes.length } })];
  });
  const { name: model_name, version: model_version } = model;
  const head = opened({ model_name, model_version, ...(id ? { id } : {}) });
  const listed = described.flatMap((parts, i) => (i === 0 ? parts : [",", ...parts]));
  const json = await thread.render([head, ',"outputs":[', ...listed, "]}"]);
  if (binary.length === 0) return reply.type("application/json").send(json);
  return reply
    .type("application/octet-stream")
    .header(jsonLengthHeader, json.length)
    .send(Buffer.concat([json, ...binary]));
}

/** A JSON object that goes on. */
const opened = (value: object) => JSON.stringify(value).slice(0, -1);

/** JSON has neither 64-bit integers nor infinities; the former become numbers, the latter null. */
const dataPart = (data: InferOutput["data"]): JsonPart =>
  Array.isArray(data)
    ? JSON.stringify(data)
    : { dims: [data.length], data: data as TensorValues, numbers: "plain" };
