import type { core } from "@pulumi/kubernetes/types/input";
import { poolLabel, spotTaint, taintKey } from "../acceleratorPool";
import { user } from "./containers";
import { runtimeContainers, runtimeVolumes } from "./inferenceRuntime";
import type { PodReferences, ServicePodArgs } from "./podArgs";
import { preStopSeconds, secretMounts, serverContainer } from "./serverContainer";

/** Labels that select the pods of a service. */
export const selector = (serviceName: string): Record<string, string> => ({
  "app.kubernetes.io/name": "accelerated-scoring",
  "app.kubernetes.io/instance": serviceName,
});

/** The pods of the service. */
export function servicePod(args: ServicePodArgs, references: PodReferences): core.v1.PodSpec {
  const { accelerator, ownNodes, scoringTimeoutMs } = args;
  const beside = runtimeContainers(args);
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
    ...(beside.length > 0 ? { initContainers: beside } : {}),
    containers: [serverContainer(args, references)],
    volumes: [
      { name: "tmp", emptyDir: { sizeLimit: "256M" } },
      ...runtimeVolumes(args),
      ...secretMounts(references).map(({ name, secretName }) => ({
        name,
        secret: { secretName, defaultMode: 0o440 },
      })),
    ],
  };
}
