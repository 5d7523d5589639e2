import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ScoringError, toScoringError } from "../../errors";
import type { Answer, CallContext } from "../../inference/call";
import { selectOutputs } from "../../model/naming";
import { callContext } from "../callContext";
import { checkReference, type ModelReference } from "../modelReference";
import { readBody } from "../readBody";
import { classify, regress } from "./examples";
import { infer, wantedOutputs, type TensorflowOptions } from "./predict";
import { metadataAnswer, restForms, restStatus, type RestPredictArgs } from "./restAnswer";
import { readExamples, readPredict } from "./restBody";
import { modelStatus } from "./services";

const modelPath =
  /^\/v1\/models\/(?<name>[^/:]+)(?:\/versions\/(?<version>\d+)|\/labels\/(?<label>[^/:]+))?(?:\/(?<what>metadata)|:(?<method>predict|classify|regress))?$/i;

type Method = "predict" | "classify" | "regress";

interface Target {
  readonly reference: ModelReference;
  readonly what: "status" | "metadata" | Method;
}

/**
 * TensorFlow Serving's REST interface; https://www.tensorflow.org/tfx/serving/api_rest. Paths are matched in any case; errors are
 * `{"error": "text"}` with the status that TensorFlow Serving gives them.
 */
export function registerTensorflow(app: FastifyInstance, options: TensorflowOptions): void {
  const errorHandler = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const error = toScoringError(thrown);
    const status = restStatus(error);
    request.log[status === 500 ? "error" : "debug"](
      { reqId: request.id, err: error.cause ?? error },
      "request failed",
    );
    if (error.retryable) void reply.header("retry-after", 1);
    if (error.code === "UNAUTHENTICATED") void reply.header("www-authenticate", "Bearer");
    void reply.code(status).send({ error: error.message });
  };
  for (const url of ["/v1/*", "/V1/*"]) {
    app.all(url, { errorHandler }, (request, reply) => handle(request, reply, options));
  }
}

function targetOf({ method, url }: FastifyRequest): Target {
  const path = url.split("?")[0] ?? "";
  const groups = modelPath.exec(path)?.groups;
  const what = (groups?.["method"] ?? groups?.["what"])?.toLowerCase() ?? "status";
  const isPost = groups?.["method"] !== undefined;
  if (!groups || method !== (isPost ? "POST" : "GET")) {
    throw new ScoringError("INVALID_REQUEST", `Malformed request: ${method} ${path}`);
  }
  const { name = "", version, label } = groups;
  const reference = { name: decoded(name), version, label: label && decoded(label) };
  return { reference, what: what as Target["what"] };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ScoringError("INVALID_REQUEST", `"${text}" is not percent-encoded correctly.`);
  }
}

async function handle(request: FastifyRequest, reply: FastifyReply, options: TensorflowOptions) {
  const { reference, what } = targetOf(request);
  void reply.type("application/json");
  if (what === "status" || what === "metadata") {
    checkReference(options, reference);
    return what === "metadata" ? metadataAnswer(options.model) : statusAnswer(options);
  }
  const finish = options.metrics.begin("tensorflow-rest");
  try {
    const context = callContext(reply, options.scoringTimeoutMs);
    const body = await options.json.parse(await readBody(request, options), context);
    const answer = await score(what, body, reference, options, context);
    finish("OK");
    return reply.send(answer.body);
  } catch (thrown) {
    finish(toScoringError(thrown).code);
    throw thrown;
  }
}

async function score(
  method: Method,
  body: unknown,
  reference: ModelReference,
  options: TensorflowOptions,
  context: CallContext,
): Promise<Answer> {
  if (method === "predict") return predict(body, reference, options, context);
  const { signature, examples } = readExamples(body);
  checkReference(options, { ...reference, signature });
  const act = method === "classify" ? classify : regress;
  return act(options, examples, restForms[method], context);
}

async function predict(
  body: unknown,
  reference: ModelReference,
  options: TensorflowOptions,
  context: CallContext,
): Promise<Answer> {
  const { model } = options;
  checkReference(options, reference);
  const { signature, inputName, value, isRowForm } = readPredict(body, model);
  checkReference(options, { signature });
  const outputs = wantedOutputs(options, selectOutputs(model, inputName));
  const args: RestPredictArgs = { outputs, isRowForm };
  return infer(options, value, { form: restForms.predict, args }, context);
}

function statusAnswer(options: TensorflowOptions) {
  const { version, state } = modelStatus(options);
  const status = { error_code: "OK", error_message: "" };
  return { model_version_status: [{ version, state, status }] };
}
