import type * as pulumi from "@pulumi/pulumi";
import type { Pipeline } from "./pipelineEnvironment";

/** The part of the service's inputs that its pods are made of. */
export interface ServicePodArgs {
  readonly serviceName: string;
  readonly accelerator: "gpu" | "fpga" | "cpu";
  /** By digest, or by the tag under which the nodes hold it. */
  readonly image: pulumi.Input<string>;
  /** Undefined leaves it to Kubernetes. */
  readonly pullPolicy: "IfNotPresent" | "Never" | "Always" | undefined;
  readonly cpuCores: number;
  readonly cpuCoresLimit: number | undefined;
  readonly memoryGb: number;
  readonly memoryGbLimit: number | undefined;
  /** Undefined on CPUs. The runtime has it where there is one, the server otherwise. */
  readonly device: Device | undefined;
  readonly scoringTimeoutMs: number;
  readonly pipeline: Pipeline;
  readonly maxConcurrentRequestsPerReplica: number;
  readonly maxQueueWaitMs: number;
  readonly auth: "key" | "token" | "none";
  /** Whose tokens open the service, with `auth: token`. */
  readonly tokens: TokenIssuer | undefined;
  readonly tls: boolean;
  /** Whether the nodes are our own pool, with its label and taints. */
  readonly ownNodes: boolean;
  /** What runs the model beside the server; undefined where the server does so itself. */
  readonly runtime: InferenceRuntime | undefined;
}

/** What runs the model beside the server: Triton, or any image that speaks the Open Inference Protocol over gRPC. */
export interface InferenceRuntime {
  readonly kind: "triton" | "openInference";
  readonly image: string;
  /** Name of the model in it. */
  readonly model: string;
  /** gRPC port inside the pod. */
  readonly port: number;
  readonly args: readonly string[];
  /** Where it finds the model package; undefined where its image holds the model. Triton's is `/models`. */
  readonly modelFolder: string | undefined;
  /** Lines for Triton's config.pbtxt. */
  readonly modelConfig: string | undefined;
  readonly cpuCores: number;
  readonly memoryGb: number;
}

/** The accelerators of one replica. */
export interface Device {
  /** Kubernetes resource name, such as `nvidia.com/gpu`. */
  readonly resourceName: string;
  readonly count: number;
}

/** An issuer of tokens, as the server's contract has it. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Undefined to look it up in the issuer's OpenID configuration. */
  readonly jwksUri: string | undefined;
}

/** Names of the Kubernetes objects that a pod refers to. */
export interface PodReferences {
  readonly configMap: pulumi.Input<string>;
  readonly keys: pulumi.Input<string> | undefined;
  readonly certificate: pulumi.Input<string> | undefined;
  readonly serviceAccount: pulumi.Input<string>;
}
