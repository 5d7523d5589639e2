import type { FastifyReply, FastifyRequest } from "fastify";
import { headers } from "../../contract";
import { ScoringError, toScoringError } from "../../errors";
import type { ScriptAnswer, ScriptRequest } from "../../scripting/messages";
import type { ScriptPool } from "../../scripting/scriptPool";
import type { Metrics } from "../../telemetry/metrics";
import { callContext } from "../callContext";
import { readBody, type BodyLimits } from "../readBody";

export interface ScriptedOptions extends BodyLimits {
  readonly scoringTimeoutMs: number;
  readonly metrics: Metrics;
}

/** Headers of an answer that belong to the connection, or that the server sets itself. */
const ownHeaders = new Set<string>([
  "connection",
  "content-length",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  ...Object.values(headers),
]);

/**
 * Lets the package's entry script answer, as the reference's score.py does under @rawhttp: its status, headers and body are passed on;
 * what it throws is 502 with `x-ms-run-function-failed: True`.
 */
export async function scoreByScript(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ScriptedOptions,
  script: ScriptPool,
) {
  const finish = options.metrics.begin("azureml");
  try {
    const context = callContext(reply, options.scoringTimeoutMs);
    const body = await readBody(request, options);
    const started = performance.now();
    const answer = await script.run(requestOf(request, body), context);
    finish("OK");
    return pass(reply, answer, performance.now() - started);
  } catch (thrown) {
    const error = toScoringError(thrown);
    finish(error.code);
    if (error.httpStatus === new ScoringError("SCRIPT_FAILED", "").httpStatus) {
      void reply.header(headers.runFunctionFailed, "True");
    }
    throw error;
  }
}

/** The key is left out: scripts need it for nothing, and write logs. */
function requestOf(request: FastifyRequest, body: Uint8Array<ArrayBuffer>): ScriptRequest {
  const given = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined || name === "authorization"
      ? []
      : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
  return { method: request.method as "GET" | "POST", path: request.url, headers: given, body };
}

function pass(reply: FastifyReply, { status, headers: own, body }: ScriptAnswer, ms: number) {
  void reply
    .code(status)
    .header(headers.runFunctionFailed, "False")
    .header(headers.runFunctionMs, ms.toFixed(3));
  for (const [name, value] of own) if (!ownHeaders.has(name)) void reply.header(name, value);
  return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}
