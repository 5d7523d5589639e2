import Fastify, { type FastifyInstance } from "fastify";
import { paths } from "../contract";
import type { Metrics } from "../telemetry/metrics";

/** A server of its own for Prometheus, so that metrics can be kept from those who may score. */
export function buildMetricsServer({ registry }: Metrics): FastifyInstance {
  const app = Fastify({ logger: false });
  app.get(paths.metrics, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  return app;
}
