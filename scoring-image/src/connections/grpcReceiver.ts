import { ServerCredentials, type Server, type ServerOptions } from "@grpc/grpc-js";
import type { GrpcReceiver } from "./frontDoor";

/** How gRPC connections are kept alive and bounded; times in milliseconds. */
export interface GrpcConnectionSettings {
  /** Between two pings; less than the four minutes after which the Azure load balancer forgets a silent connection. */
  readonly grpcKeepAliveMs: number;
  /** Then the client is asked to connect anew; 0 for no bound. */
  readonly connectionMaxAgeMs: number;
  /** How long calls in flight may go on after that. */
  readonly connectionMaxAgeGraceMs: number;
}

/** Options of a gRPC server for `settings`, by the names of https://grpc.github.io/grpc/core/group__grpc__arg__keys.html */
export const grpcConnectionOptions = (settings: GrpcConnectionSettings): ServerOptions => ({
  "grpc.keepalive_time_ms": settings.grpcKeepAliveMs,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.keepalive_permit_without_calls": 1,
  ...(settings.connectionMaxAgeMs === 0
    ? {}
    : {
        "grpc.max_connection_age_ms": settings.connectionMaxAgeMs,
        "grpc.max_connection_age_grace_ms": settings.connectionMaxAgeGraceMs,
      }),
});

/** Lets a gRPC server live behind the front door, which has ended TLS already. */
export function grpcReceiver(server: Server): GrpcReceiver {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    inject: (socket) => injector.injectConnection(socket),
    drain: () => server.tryShutdown(() => undefined),
  };
}
