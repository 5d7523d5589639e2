import { status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { Readiness } from "../health";
import { loadProto, serviceOf } from "../../proto/protos";
import type { GrpcServer } from "../grpcServer";

const unknown = (name: string) => `There is no service "${name.slice(0, 200)}" here.`;

interface CheckRequest {
  readonly service: string;
}

interface CheckResponse {
  /** SERVICE_UNKNOWN is for those who watch. */
  readonly status: "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

/** How often a watched status is looked at again, in milliseconds. */
const watchIntervalMs = 500;

/**
 * `grpc.health.v1.Health`, open without a key: SERVING when the service can score now. It answers for "" and for every service of the server, by
 * its full name or by its last part, as TensorFlow Serving names its own.
 */
export function addHealth(server: GrpcServer, isReady: Readiness): void {
  const isKnown = (name: string) =>
    name === "" ||
    server.serviceNames.some((known) => known === name || known.endsWith(`.${name}`));
  const statusOf = (name: string): CheckResponse["status"] =>
    !isKnown(name) ? "SERVICE_UNKNOWN" : isReady() ? "SERVING" : "NOT_SERVING";

  const check = (
    { request }: ServerUnaryCall<CheckRequest, CheckResponse>,
    answer: sendUnaryData<CheckResponse>,
  ) => {
    if (isKnown(request.service)) answer(null, { status: statusOf(request.service) });
    else answer({ code: status.NOT_FOUND, details: unknown(request.service) });
  };

  const watches = new Watches();
  const watch = (call: ServerWritableStream<CheckRequest, CheckResponse>) => {
    let sent: string | undefined;
    const look = () => {
      const now = statusOf(call.request.service);
      if (now !== sent) call.write({ status: now });
      sent = now;
      // A stream that stays open would keep the server from draining.
      if (!server.isDraining) return;
      stop();
      call.end();
    };
    const stop = watches.add(look);
    call.on("cancelled", stop);
    look();
  };

  const definition = serviceOf(loadProto("grpc/health/v1/health.proto"), "grpc.health.v1.Health");
  server.addOpen(definition, { Check: check, Watch: watch });
}

/** Looks for all who watch, by one timer: there may be many of them. */
class Watches {
  readonly #looks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** @returns ends the watch */
  add(look: () => void): () => void {
    this.#looks.add(look);
    this.#timer ??= setInterval(() => {
      for (const each of this.#looks) each();
    }, watchIntervalMs);
    return () => {
      this.#looks.delete(look);
      if (this.#looks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }
}
