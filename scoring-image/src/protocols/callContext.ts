import type { FastifyReply } from "fastify";
import type { CallContext } from "../inference/call";

/**
 * The caller's patience: ends when the connection closes before the answer is sent, or when the time is up.
 * @param timeoutMs from now
 */
export function callContext(reply: FastifyReply, timeoutMs: number): CallContext {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return { signal: controller.signal, deadline: performance.now() + timeoutMs };
}
