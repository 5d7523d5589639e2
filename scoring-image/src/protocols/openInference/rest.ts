import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AdapterOptions } from "../adapterOptions";
import { ScoringError, toScoringError } from "../../errors";
import type { Answer } from "../../inference/call";
import type { Readiness } from "../health";
import { callContext } from "../callContext";
import { checkReference } from "../modelReference";
import { readBody } from "../readBody";
import { openInferenceForms, type RestHead } from "./answer";
import { infer } from "./infer";
import { modelMetadata, serverMetadata } from "./metadata";
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
  // What is not there is refused in this protocol's words too.
  app.all("/v2/*", { config }, ({ method, url }) => {
    throw new ScoringError("NOT_FOUND", `There is nothing at ${method} ${url.split("?")[0]}.`);
  });
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
    const body = await readBody(request, options);
    const wanted =
      length === 0
        ? rawRequest(options, body)
        : await readRestRequest(body, length, options.json, context);
    const { id, isBinary } = wanted;
    const count = wanted.outputs.length || options.model.outputs.length;
    const areBinary = Array.from({ length: count }, (_, i) => isBinary(i));
    const form = { form: openInferenceForms.rest, extra: { id, areBinary } };
    const answer = await infer(options, wanted, form, context);
    finish("OK");
    return send(reply, answer);
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

function send(reply: FastifyReply, { head, body }: Answer) {
  const { jsonLength } = head as RestHead;
  if (jsonLength === undefined) return reply.type("application/json").send(body);
  return reply.type("application/octet-stream").header(jsonLengthHeader, jsonLength).send(body);
}
