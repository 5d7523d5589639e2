import { once } from "node:events";
import net from "node:net";
import type { FastifyInstance } from "fastify";

/** How long a kept-alive connection may still bring a request that was on its way when the door closed. */
const idleGraceMs = 1000;

/**
 * Stops accepting connections and waits for the open ones. Their next answers carry `Connection: close`; those that stay idle
 * are closed after a second, and not at once, because a request may already be under way on them.
 * @returns true when all connections ended by themselves, false when `graceMs` cut them off
 */
export async function drain(app: FastifyInstance, graceMs: number): Promise<boolean> {
  const { server } = app;
  if (!server.listening) return true;
  const closed = once(server, "close").then(() => true);
  // http.Server's own close() also cuts idle connections off at once, with requests that are on their way.
  net.Server.prototype.close.call(server);
  const idle = setInterval(() => server.closeIdleConnections(), idleGraceMs);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), graceMs);
  });
  const isComplete = await Promise.race([closed, expired]);
  clearInterval(idle);
  clearTimeout(timer);
  if (!isComplete) server.closeAllConnections();
  return isComplete;
}
