import type { FastifyInstance } from "fastify";
import { paths } from "../contract";

/** Whether the service can score now. */
export type Readiness = () => boolean;

/**
 * Probes, open without a key: `GET /` says that the process lives, as the reference container did; live and ready follow the
 * Open Inference Protocol. Ready is 503 until every lane is warm, and from SIGTERM on.
 */
export function registerHealth(app: FastifyInstance, isReady: Readiness): void {
  const open = { config: { isOpen: true } };
  app.get(paths.root, open, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send("Healthy"),
  );
  app.get(paths.live, open, () => ({ live: true }));
  app.get(paths.ready, open, (_request, reply) => {
    const ready = isReady();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
}
