import type { apps, core } from "@pulumi/kubernetes/types/output";
import * as pulumi from "@pulumi/pulumi";
import { paths } from "../scoring-image/src/contract";

/** How a service is reached. */
export type Exposure =
  | {
      /** A public address of Azure with a DNS label. */
      readonly kind: "azure-public";
      readonly dnsLabel: pulumi.Input<string>;
      /** Host name that clients use: the label's, or the user's own. */
      readonly host: pulumi.Input<string>;
    }
  | {
      /** An address in the cluster's virtual network, or whatever balancer an existing cluster has. */
      readonly kind: "azure-internal" | "load-balancer";
      /** Host name that clients use; the address unless set. */
      readonly host: pulumi.Input<string> | undefined;
    }
  | {
      /** A port of each node of an existing cluster. */
      readonly kind: "node-port";
      /** Host name that clients use; unless set the service's name inside the cluster. */
      readonly host: pulumi.Input<string> | undefined;
    };

/**
 * Ports of the address. The usual one takes HTTP and gRPC, as old clients call one address for both and some append `:80` to
 * the bare host; 50051 is the reference FPGA image's and takes both as well.
 */
export const ports = (tls: boolean): { readonly scoring: number; readonly grpc: number } => ({
  scoring: tls ? 443 : 80,
  grpc: 50051,
});

/** What `endpoints` needs to know. */
export interface EndpointArgs {
  readonly serviceName: string;
  readonly namespace: string;
  readonly fpga: boolean;
  readonly tls: boolean;
  readonly exposure: Exposure;
  readonly ingress: pulumi.Output<core.v1.LoadBalancerIngress | undefined>;
  /** Ports of the nodes by port name. */
  readonly nodePorts: pulumi.Output<Readonly<Record<string, number | undefined>>>;
}

/** Addresses of a service. */
export interface Endpoints {
  readonly scoringUri: string;
  readonly swaggerUri: string;
  /** HOST:PORT, as gRPC channels want it. */
  readonly grpcEndpoint: string;
}

/** The addresses clients use: a bare URI on FPGA stacks, the reference's path elsewhere. */
export function endpoints(args: EndpointArgs): pulumi.Output<Endpoints> {
  const { exposure, fpga, tls, serviceName, namespace, ingress, nodePorts } = args;
  return pulumi.all([exposure.host, ingress, nodePorts]).apply(([host, address, node]) => {
    const onNode = exposure.kind === "node-port" && host !== undefined;
    const open = ports(tls);
    const reached =
      host ??
      (exposure.kind === "node-port"
        ? `${serviceName}.${namespace}.svc`
        : (address?.ip ?? address?.hostname ?? "pending"));
    const scoring = onNode ? (node["scoring"] ?? open.scoring) : open.scoring;
    const scheme = tls ? "https" : "http";
    const usual = scoring === (tls ? 443 : 80);
    const base = `${scheme}://${reached}${usual ? "" : `:${scoring}`}`;
    return {
      scoringUri: fpga ? `${scheme}://${reached}/` : `${base}${paths.serviceScore(serviceName)}`,
      swaggerUri: `${base}${paths.serviceSwagger(serviceName)}`,
      grpcEndpoint: `${reached}:${scoring}`,
    };
  });
}

/** The state of a service in the reference's words, with Kubernetes's reason where it is not healthy. */
export function serviceState(status: apps.v1.DeploymentStatus | undefined): string {
  const { replicas = 0, readyReplicas = 0, conditions = [] } = status ?? {};
  if (replicas > 0 && readyReplicas >= replicas) return "Healthy";
  const failed = conditions.find(
    ({ type, status: value }) =>
      (type === "ReplicaFailure" && value === "True") ||
      ((type === "Available" || type === "Progressing") && value === "False"),
  );
  const reason = failed?.message ?? failed?.reason;
  return `Unhealthy: ${readyReplicas} of ${replicas} replicas ready${reason ? `, ${reason}` : ""}`;
}
