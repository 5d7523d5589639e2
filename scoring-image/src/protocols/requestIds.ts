import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { headers } from "../contract";
import { ScoringError } from "../errors";
import { maxRequestIdLength } from "../limits/bounds";

const sent = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The id that names a request in logs and error bodies: the caller's `x-request-id`, or a new UUID. */
export function requestIdOf(raw: {
  headers: Record<string, string | string[] | undefined>;
}): string {
  const value = raw.headers[headers.requestId];
  return typeof value === "string" && value !== "" && value.length <= maxRequestIdLength
    ? value
    : randomUUID();
}

/**
 * Returns the three request ids of the Azure ML contract (azureml-inference-server, "Logging to AppInsights"):
 * `x-request-id` always, `x-ms-client-request-id` if sent, `x-ms-request-id` as sent or else a copy of one of the others.
 * @throws ScoringError HEADER_TOO_LARGE when an id is longer than 100 characters
 */
export function echoRequestIds(request: FastifyRequest, reply: FastifyReply): void {
  const client = sent(request, headers.clientRequestId);
  const legacy = sent(request, headers.legacyRequestId);
  void reply.header(headers.requestId, request.id);
  for (const name of [headers.requestId, headers.clientRequestId, headers.legacyRequestId]) {
    if ((sent(request, name)?.length ?? 0) > maxRequestIdLength) {
      const message = `The header ${name} is longer than ${maxRequestIdLength} characters.`;
      throw new ScoringError("HEADER_TOO_LARGE", message);
    }
  }
  if (client) void reply.header(headers.clientRequestId, client);
  void reply.header(headers.legacyRequestId, legacy ?? client ?? request.id);
}
