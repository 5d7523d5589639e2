import type { core } from "@pulumi/kubernetes/types/input";
import { defaultPorts, grpcPort, paths } from "../../scoring-image/src/contract";
import { deviceQuantity, megabytes, pulled, securityContext } from "./containers";
import type { PodReferences, ServicePodArgs } from "./podArgs";
import { folders } from "./serverEnvironment";

/** Seconds that a pod goes on serving after it has been taken off the load balancer. */
export const preStopSeconds = 10;

/** The scoring server; it has the accelerator unless a runtime beside it does. */
export function serverContainer(
  args: ServicePodArgs,
  references: PodReferences,
): core.v1.Container {
  const devices = args.runtime ? {} : deviceQuantity(args.device);
  const scheme = args.tls ? "HTTPS" : "HTTP";
  const probe = (path: string) => ({
    httpGet: { path, port: "scoring", scheme },
    timeoutSeconds: 2,
  });
  return {
    name: "scoring",
    image: args.image,
    ...pulled(args.pullPolicy),
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

/** Secrets reach the server as files, which change under it; variables would need new pods. */
export function secretMounts({ keys, certificate }: PodReferences) {
  return [
    ...(keys === undefined ? [] : [{ name: "keys", secretName: keys, mountPath: folders.keys }]),
    ...(certificate === undefined
      ? []
      : [{ name: "tls", secretName: certificate, mountPath: folders.certificate }]),
  ];
}
