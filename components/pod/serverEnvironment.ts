import { defaultPorts, grpcPort, variables } from "../../scoring-image/src/contract";
import { pipelineEnvironment } from "./pipelineEnvironment";
import type { ServicePodArgs } from "./podArgs";

/** Where the server's certificate and keys are mounted. */
export const folders = { certificate: "/etc/scoring/tls", keys: "/etc/scoring/keys" } as const;

/** Environment of the server, by the names of its contract. */
export function serverEnvironment(args: ServicePodArgs): Record<string, string> {
  const { accelerator, auth, runtime, tls, tokens } = args;
  return {
    [variables.host]: "0.0.0.0",
    [variables.port]: String(defaultPorts.scoring),
    [variables.metricsPort]: String(defaultPorts.metrics),
    [variables.grpcPort]: String(grpcPort),
    [variables.serviceName]: args.serviceName,
    [variables.auth]: auth,
    ...pipelineEnvironment({ ...args.pipeline, lanes: args.pipeline.lanes || lanes(args) }),
    [variables.maxQueueSize]: String(args.maxConcurrentRequestsPerReplica),
    [variables.maxQueueWaitMs]: String(args.maxQueueWaitMs),
    [variables.scoringTimeoutMs]: String(args.scoringTimeoutMs),
    [variables.shutdownGraceMs]: String(args.scoringTimeoutMs),
    ...(accelerator === "gpu" && !runtime ? { [variables.executionProvider]: "cuda" } : {}),
    ...(runtime
      ? {
          [variables.runtimeAddress]: `127.0.0.1:${runtime.port}`,
          [variables.runtimeModel]: runtime.model,
        }
      : {}),
    ...(auth === "key"
      ? {
          [variables.primaryKeyFile]: `${folders.keys}/primaryKey`,
          [variables.secondaryKeyFile]: `${folders.keys}/secondaryKey`,
        }
      : {}),
    ...(tokens
      ? {
          [variables.tokenIssuer]: tokens.issuer,
          [variables.tokenAudience]: tokens.audience,
          ...(tokens.jwksUri === undefined ? {} : { [variables.tokenJwksUri]: tokens.jwksUri }),
        }
      : {}),
    ...(tls
      ? {
          [variables.tlsCertificateFile]: `${folders.certificate}/tls.crt`,
          [variables.tlsKeyFile]: `${folders.certificate}/tls.key`,
        }
      : {}),
  };
}

/**
 * A GPU, or Triton, computes one batch while the next is made; an FPGA takes one call at a time. On a
 * CPU each core has a lane of its own.
 */
function lanes({ accelerator, cpuCores, runtime }: ServicePodArgs): number {
  if (runtime) return runtime.kind === "triton" ? 2 : 1;
  return accelerator === "cpu" ? Math.max(1, Math.floor(cpuCores)) : 2;
}
