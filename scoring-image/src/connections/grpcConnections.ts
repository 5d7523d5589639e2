import { ServerCredentials, type Server, type ServerOptions } from "@grpc/grpc-js";
import { highestAge } from "./connectionAge";
import type { GrpcReceiver } from "./frontDoor";
import { GrpcSessions } from "./grpcSessions";

/** How gRPC connections are kept alive and bounded; times in milliseconds. */
export interface GrpcConnectionSettings {
  /** Between two pings; less than the four minutes after which the Azure load balancer forgets a silent connection. */
  readonly grpcKeepAliveMs: number;
  /** Then the client is asked to connect anew; 0 for no bound. */
  readonly connectionMaxAgeMs: number;
  /** How long calls in flight may go on after that. */
  readonly connectionMaxAgeGraceMs: number;
}

/** By then a connection that had a call has been ended for its age, in milliseconds after that. */
const idleSlackMs = 1000;

/** The connections of a gRPC server that lives behind the front door, which has ended TLS already. */
export class GrpcConnections {
  /** What the server must be made with, by the names of https://grpc.github.io/grpc/core/group__grpc__arg__keys.html */
  readonly options: ServerOptions;
  readonly #sessions: GrpcSessions;

  constructor(settings: GrpcConnectionSettings) {
    this.#sessions = new GrpcSessions(settings);
    const { connectionMaxAgeMs: ageMs } = settings;
    this.options = {
      interceptors: [this.#sessions.interceptor],
      "grpc.keepalive_time_ms": settings.grpcKeepAliveMs,
      "grpc.keepalive_timeout_ms": 20_000,
      "grpc.keepalive_permit_without_calls": 1,
      // Ages count from a connection's first call; this ends those that never had one.
      ...(ageMs > 0 && { "grpc.max_connection_idle_ms": highestAge(ageMs) + idleSlackMs }),
    };
  }

  /** Brings connections to the server that was made with `options`. */
  receiver(server: Server): GrpcReceiver {
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    let isShut = false;
    const shut = () => {
      isShut = true;
      server.tryShutdown(() => undefined);
    };
    return {
      // A connection that came late would never be closed, and its client goes elsewhere by itself.
      inject: (socket) => void (isShut ? socket.destroy() : injector.injectConnection(socket)),
      drain: () => void this.#sessions.announceEnd().then(shut),
    };
  }
}
