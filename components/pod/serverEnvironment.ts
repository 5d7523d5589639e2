import { defaultPorts, grpcPort, variables } from "../../scoring-image/src/contract";
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
    [variables.instances]: String(instances(args)),
    [variables.threadsPerInstance]: "1",
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

/** One session fills a GPU, and an FPGA takes one request at a time; elsewhere each core has its own. */
const instances = ({ accelerator, cpuCores, runtime }: ServicePodArgs): number =>
  accelerator === "fpga" || (accelerator === "gpu" && !runtime)
    ? 1
    : Math.max(1, Math.floor(cpuCores));
