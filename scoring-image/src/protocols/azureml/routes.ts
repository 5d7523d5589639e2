import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { headers, paths } from "../../contract";
import { ScoringError, toScoringError } from "../../errors";
import { maxTop } from "../../limits/bounds";
import type { Answer } from "../../inference/call";
import type { Predictor } from "../../inference/predictor";
import type { Metrics } from "../../telemetry/metrics";
import { callContext } from "../callContext";
import { readParts, type BodyLimits } from "../readBody";
import type { ScriptPool } from "../../scripting/scriptPool";
import { scoresForm } from "./answer";
import { scoreByScript } from "./scripted";
import { openApiDocument, swaggerDocument } from "./swagger";

export interface AzuremlOptions extends BodyLimits {
  readonly predictor: Predictor;
  readonly serviceName: string;
  readonly scoringTimeoutMs: number;
  readonly metrics: Metrics;
  /** The package's entry script, which then answers GET and POST. */
  readonly script?: ScriptPool | undefined;
}

/**
 * The HTTP contract of the 2019 Azure ML service: POST raw picture bytes under any or no Content-Type, read `[[p0, p1, ...]]`.
 * Both the container's path and the front end's are served.
 */
export function registerAzureml(app: FastifyInstance, options: AzuremlOptions): void {
  const { serviceName } = options;
  for (const path of [paths.score, paths.serviceScore(serviceName)]) {
    app.all(path, (request, reply) => handle(request, reply, options));
  }
  const documents = renderedDocuments(options);
  for (const path of [paths.swagger, paths.serviceSwagger(serviceName)]) {
    app.get(path, { config: { isOpen: true } }, (request, reply) =>
      reply.type("application/json; charset=utf-8").send(documentOf(request, documents)),
    );
  }
}

function handle(request: FastifyRequest, reply: FastifyReply, options: AzuremlOptions) {
  const isCall = request.method === "GET" || request.method === "POST";
  if (options.script && isCall) return scoreByScript(request, reply, options, options.script);
  if (request.method === "GET") {
    // The reference's entry script answers GET with this text, which its callers may look for.
    return reply.code(405).header("allow", "POST").type("text/plain").send("GET is not supported");
  }
  if (request.method !== "POST") {
    void reply.header("allow", "POST");
    throw new ScoringError("METHOD_NOT_ALLOWED", `${request.method} is not supported; use POST.`);
  }
  return score(request, reply, options);
}

async function score(request: FastifyRequest, reply: FastifyReply, options: AzuremlOptions) {
  const { predictor, scoringTimeoutMs, metrics } = options;
  const finish = metrics.begin("azureml");
  try {
    const context = callContext(reply, scoringTimeoutMs);
    const top = requestedTop(request);
    refuseMultipart(request);
    const picture = await readParts(request, options);
    const form = { form: scoresForm, args: top === undefined ? {} : { top } };
    const answer = await predictor.predictPictures([picture], form, context);
    finish("OK");
    return succeed(reply, answer);
  } catch (thrown) {
    const error = toScoringError(thrown);
    finish(error.code);
    if (error.code === "MODEL_FAILED") void reply.header(headers.runFunctionFailed, "True");
    throw withBodyHint(error, request);
  }
}

function succeed(reply: FastifyReply, { body, times: { imagingMs, inferenceMs } }: Answer) {
  return reply
    .header(headers.runFunctionFailed, "False")
    .header(headers.runFunctionMs, (imagingMs + inferenceMs).toFixed(3))
    .type("application/json; charset=utf-8")
    .send(body);
}

/** The query's `top`, or undefined for the reference's plain answer. */
function requestedTop(request: FastifyRequest): number | undefined {
  const { top } = request.query as Record<string, unknown>;
  if (top === undefined) return undefined;
  const count = typeof top === "string" && /^\d{1,4}$/.test(top) ? Number(top) : 0;
  if (count >= 1 && count <= maxTop) return count;
  const shown = JSON.stringify(top);
  throw new ScoringError(
    "INVALID_REQUEST",
    `The query's top is ${shown}; it must be 1 to ${maxTop}.`,
  );
}

function refuseMultipart(request: FastifyRequest): void {
  if (!/^multipart\//i.test(request.headers["content-type"] ?? "")) return;
  const message =
    "Multipart forms are not supported; send the picture's raw bytes as the body (curl --data-binary @photo.jpg).";
  throw new ScoringError("UNSUPPORTED_MEDIA_TYPE", message);
}

/** curl's -d strips line ends from a file and labels it as a form: tell the caller, whose picture looks corrupt. */
function withBodyHint(error: ScoringError, request: FastifyRequest): ScoringError {
  const isForm = request.headers["content-type"] === "application/x-www-form-urlencoded";
  if (!isForm || !/IMAGE/.test(error.code)) return error;
  const message = `${error.message} With curl, use --data-binary instead of -d.`;
  return new ScoringError(error.code, message, { cause: error.cause });
}

/** The documents by their version, written once: anyone may ask for them, as often as they like. */
const renderedDocuments = ({ predictor, serviceName }: AzuremlOptions) =>
  new Map<unknown, Buffer>(
    [
      ["2", swaggerDocument(predictor.model, serviceName)] as const,
      ["3", openApiDocument(predictor.model, serviceName)] as const,
    ].map(([version, document]) => [version, Buffer.from(JSON.stringify(document))]),
  );

function documentOf(request: FastifyRequest, documents: ReadonlyMap<unknown, Buffer>): Buffer {
  const { version = "2" } = request.query as Record<string, unknown>;
  const document = documents.get(version);
  if (document) return document;
  throw new ScoringError("NOT_FOUND", "Swagger is served in version 2 and 3 (?version=3).");
}
