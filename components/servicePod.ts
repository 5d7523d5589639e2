import type { core } from "@pulumi/kubernetes/types/input";
import type * as pulumi from "@pulumi/pulumi";
import {
  defaultPorts,
  deploymentVariables,
  grpcPort,
  paths,
  variables,
} from "../scoring-image/src/contract";
import { fpgaRuntimeRequests } from "./catalogue/allocatable";
import { poolLabel, spotTaint, taintKey } from "./acceleratorPool";

/** The part of the service's inputs that its pods are made of. */
export interface ServicePodArgs {
  readonly serviceName: string;
  readonly accelerator: "gpu" | "fpga" | "cpu";
  /** By digest. */
  readonly image: pulumi.Input<string>;
  readonly cpuCores: number;
  readonly cpuCoresLimit: number | undefined;
  readonly memoryGb: number;
  readonly memoryGbLimit: number | undefined;
  /** GPUs or FPGAs of each replica. */
  readonly gpuCores: number;
  readonly scoringTimeoutMs: number;
  readonly maxConcurrentRequestsPerReplica: number;
  readonly maxQueueWaitMs: number;
  readonly auth: "key" | "token" | "none";
  /** Whose tokens open the service, with `auth: token`. */
  readonly tokens: TokenIssuer | undefined;
  readonly tls: boolean;
  /** Whether the nodes are our own pool, with its label and taints. */
  readonly ownNodes: boolean;
  /** The runtime beside the server; on FPGA stacks only. */
  readonly runtime: FpgaRuntime | undefined;
}

/** An issuer of tokens, as the server's contract has it. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Undefined to look it up in the issuer's OpenID configuration. */
  readonly jwksUri: string | undefined;
}

/** What drives the FPGA: an image that speaks the open inference protocol over gRPC and holds the bitstream. */
export interface FpgaRuntime {
  readonly image: string;
  readonly model: string;
  readonly port: number;
  /** Kubernetes resource name of the device. */
  readonly resourceName: string;
}

/** Names of the Kubernetes objects that a pod refers to. */
export interface PodReferences {
  readonly configMap: pulumi.Input<string>;
  readonly keys: pulumi.Input<string> | undefined;
  readonly certificate: pulumi.Input<string> | undefined;
  readonly serviceAccount: pulumi.Input<string>;
}

/** Seconds that a pod goes on serving after it has been taken off the load balancer. */
export const preStopSeconds = 10;

/** User and group of the container; any number but root's, and writable nowhere. */
const user = 10001;
const certificateFolder = "/etc/scoring/tls";
const keysFolder = "/etc/scoring/keys";

/** Environment of the server, by the names of its contract. */
export function environment(args: ServicePodArgs): Record<string, string> {
  const { accelerator, auth, runtime, tls, tokens } = args;
  return {
    [variables.host]: "0.0.0.0",
    [variables.port]: String(defaultPorts.scoring),
    [variables.metricsPort]: String(defaultPorts.metrics),
    [variables.grpcPort]: String(grpcPort),
    [variables.serviceName]: args.serviceName,
    [variables.auth]: auth,
    // One session fills a GPU; on CPU each core has its own, and the runtime of an FPGA batches by itself.
    [variables.instances]: String(
      accelerator === "cpu" ? Math.max(1, Math.floor(args.cpuCores)) : 1,
    ),
    [variables.threadsPerInstance]: "1",
    [variables.maxQueueSize]: String(args.maxConcurrentRequestsPerReplica),
    [variables.maxQueueWaitMs]: String(args.maxQueueWaitMs),
    [variables.scoringTimeoutMs]: String(args.scoringTimeoutMs),
    [variables.shutdownGraceMs]: String(args.scoringTimeoutMs),
    ...(accelerator === "gpu" ? { [variables.executionProvider]: "cuda" } : {}),
    ...(runtime
      ? {
          [deploymentVariables.runtimeAddress]: `127.0.0.1:${runtime.port}`,
          [deploymentVariables.runtimeModel]: runtime.model,
        }
      : {}),
    ...(auth === "key"
      ? {
          [variables.primaryKeyFile]: `${keysFolder}/primaryKey`,
          [variables.secondaryKeyFile]: `${keysFolder}/secondaryKey`,
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
          [variables.tlsCertificateFile]: `${certificateFolder}/tls.crt`,
          [variables.tlsKeyFile]: `${certificateFolder}/tls.key`,
        }
      : {}),
  };
}

const securityContext: core.v1.SecurityContext = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

const megabytes = (gigabytes: number) => `${Math.round(gigabytes * 1000)}M`;

/** The pods of the service. */
export function servicePod(args: ServicePodArgs, references: PodReferences): core.v1.PodSpec {
  const { accelerator, runtime, ownNodes, scoringTimeoutMs } = args;
  return {
    serviceAccountName: references.serviceAccount,
    automountServiceAccountToken: false,
    // Time to leave the load balancer, to answer what was accepted, and some.
    terminationGracePeriodSeconds: preStopSeconds + Math.ceil(scoringTimeoutMs / 1000) + 10,
    securityContext: {
      runAsNonRoot: true,
      fsGroup: user,
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...(ownNodes ? { nodeSelector: { [poolLabel]: accelerator } } : {}),
    tolerations: [
      ...(accelerator === "cpu"
        ? []
        : [{ key: taintKey, operator: "Equal", value: accelerator, effect: "NoSchedule" }]),
      { ...spotTaint, operator: "Equal", effect: "NoSchedule" },
    ],
    topologySpreadConstraints: ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(
      (topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        // A replica more on one node is better than one that waits.
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: selector(args.serviceName) },
      }),
    ),
    containers: [
      serverContainer(args, references),
      ...(runtime ? [runtimeContainer(args, runtime)] : []),
    ],
    volumes: [
      { name: "tmp", emptyDir: { sizeLimit: "256M" } },
      ...secretMounts(references).map(({ name, secretName }) => ({
        name,
        secret: { secretName, defaultMode: 0o440 },
      })),
    ],
  };
}

/** Secrets reach the server as files, which change under it; variables would need new pods. */
function secretMounts({ keys, certificate }: PodReferences) {
  return [
    ...(keys === undefined ? [] : [{ name: "keys", secretName: keys, mountPath: keysFolder }]),
    ...(certificate === undefined
      ? []
      : [{ name: "tls", secretName: certificate, mountPath: certificateFolder }]),
  ];
}

/** Labels that select the pods of a service. */
export const selector = (serviceName: string): Record<string, string> => ({
  "app.kubernetes.io/name": "accelerated-scoring",
  "app.kubernetes.io/instance": serviceName,
});

function serverContainer(args: ServicePodArgs, references: PodReferences): core.v1.Container {
  const devices: Record<string, string> =
    args.accelerator === "gpu" ? { "nvidia.com/gpu": String(args.gpuCores) } : {};
  const scheme = args.tls ? "HTTPS" : "HTTP";
  const probe = (path: string) => ({
    httpGet: { path, port: "scoring", scheme },
    timeoutSeconds: 2,
  });
  return {
    name: "scoring",
    image: args.image,
    ports: [
      { name: "scoring", containerPort: defaultPorts.scoring },
      { name: "grpc", containerPort: grpcPort },
      { name: "metrics", containerPort: defaultPorts.metrics },
    ],
    envFrom: [{ configMapRef: { name: references.configMap } }],
    resources: {
      requests: { cpu: String(args.cpuCores), memory: megabytes(args.memoryGb), ...devices },
      limits: {
        cpu: String(args.cpuCoresLimit ?? args.cpuCores),
        memory: megabytes(args.memoryGbLimit ?? args.memoryGb),
        ...devices,
      },
    },
    // The reference waited 310 s before it looked; here the pod serves as soon as the model is loaded.
    startupProbe: { ...probe(paths.live), periodSeconds: 5, failureThreshold: 62 },
    livenessProbe: { ...probe(paths.live), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...probe(paths.ready), periodSeconds: 5, failureThreshold: 2 },
    lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
    securityContext,
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...secretMounts(references).map(({ name, mountPath }) => ({
        name,
        mountPath,
        readOnly: true,
      })),
    ],
  };
}

function runtimeContainer({ gpuCores }: ServicePodArgs, runtime: FpgaRuntime): core.v1.Container {
  const devices = { [runtime.resourceName]: String(gpuCores) };
  return {
    name: "fpga-runtime",
    image: runtime.image,
    ports: [{ name: "runtime", containerPort: runtime.port }],
    resources: {
      requests: {
        cpu: String(fpgaRuntimeRequests.cpu),
        memory: megabytes(fpgaRuntimeRequests.memoryGb),
        ...devices,
      },
      limits: { cpu: "2", memory: "8G", ...devices },
    },
    startupProbe: {
      tcpSocket: { port: "runtime" },
      // The reference said that loading a bitstream takes up to five minutes.
      periodSeconds: 10,
      failureThreshold: 60,
    },
    securityContext,
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}
