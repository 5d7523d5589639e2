import type { Deployment } from "@pulumi/kubernetes/apps/v1";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1";
import type * as pulumi from "@pulumi/pulumi";
import { defaultPorts, grpcPort } from "../scoring-image/src/contract";
import { runtimePorts } from "./pod/inferenceRuntime";
import type { InferenceRuntime, TokenIssuer } from "./pod/podArgs";
import { selector } from "./pod/servicePod";

/** What the guards of a service are made of. */
export interface ServiceGuardArgs {
  readonly serviceName: string;
  readonly autoscale:
    | {
        readonly minReplicas: number;
        readonly maxReplicas: number;
        /** CPU load in percent of what is asked for. */
        readonly targetUtilization: number;
      }
    | undefined;
  readonly tokens: TokenIssuer | undefined;
  readonly runtime: InferenceRuntime | undefined;
}

/** What keeps the service reachable while nodes go, lets nobody else in, and scales it. */
export function guardService(
  name: string,
  metadata: (role?: string) => object,
  { serviceName, autoscale, tokens, runtime }: ServiceGuardArgs,
  deployment: Deployment,
  child: pulumi.CustomResourceOptions,
): void {
  const podSelector = { matchLabels: selector(serviceName) };
  new PodDisruptionBudget(
    `${name}-budget`,
    { metadata: metadata(), spec: { maxUnavailable: 1, selector: podSelector } },
    child,
  );
  new NetworkPolicy(
    `${name}-network`,
    {
      metadata: metadata(),
      spec: {
        podSelector,
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          { ports: [{ port: defaultPorts.scoring }, { port: grpcPort }] },
          {
            // Azure Monitor's collector runs there.
            from: [
              {
                namespaceSelector: {
                  matchLabels: { "kubernetes.io/metadata.name": "kube-system" },
                },
              },
            ],
            ports: [
              { port: defaultPorts.metrics },
              ...(runtime?.kind === "triton" ? [{ port: runtimePorts.metrics }] : []),
            ],
          },
        ],
        egress: [
          {
            to: [
              {
                namespaceSelector: {
                  matchLabels: { "kubernetes.io/metadata.name": "kube-system" },
                },
              },
            ],
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
          // The issuer publishes its keys under addresses that no policy can name.
          ...(tokens ? [{ ports: [{ port: 443, protocol: "TCP" }] }] : []),
        ],
      },
    },
    child,
  );
  if (!autoscale) return;
  new HorizontalPodAutoscaler(
    `${name}-autoscaler`,
    {
      metadata: metadata(),
      spec: {
        scaleTargetRef: {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: deployment.metadata.name,
        },
        minReplicas: autoscale.minReplicas,
        maxReplicas: autoscale.maxReplicas,
        metrics: [
          {
            type: "Resource",
            resource: {
              name: "cpu",
              target: { type: "Utilization", averageUtilization: autoscale.targetUtilization },
            },
          },
        ],
        // The reference grew within a second and shrank within a minute.
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0 },
          scaleDown: { stabilizationWindowSeconds: 60 },
        },
      },
    },
    child,
  );
}
