import Fastify, { type FastifyInstance } from "fastify";
import { paths } from "../contract";
import { maxMetricsConnections } from "../limits/bounds";
import type { Metrics } from "../telemetry/metrics";

/** How long a client may take for its request, leave its answer unread, or keep a connection idle, in milliseconds. */
const timeoutMs = 10_000;

/** A server of its own for Prometheus, so that metrics can be kept from those who may score. */
export function buildMetricsServer({ registry }: Metrics): FastifyInstance {
  const app = Fastify({
    logger: false,
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    forceCloseConnections: true,
  });
  app.server.maxConnections = maxMetricsConnections;
  app.get(paths.metrics, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  return app;
}
