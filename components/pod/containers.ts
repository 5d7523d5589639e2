import type { core } from "@pulumi/kubernetes/types/input";
import type { Device } from "./podArgs";

/** User and group of every container; any number but root's, and writable nowhere. */
export const user = 10001;

/** What every container of the service is held to. */
export const securityContext: core.v1.SecurityContext = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

/** A quantity of memory. */
export const megabytes = (gigabytes: number): string => `${Math.round(gigabytes * 1000)}M`;

/** Devices as requests and as limits, which must be the same for them. */
export const deviceQuantity = (device: Device | undefined): Record<string, string> =>
  device ? { [device.resourceName]: String(device.count) } : {};

/** `imagePullPolicy` where one is set; the field is left out otherwise, so that nothing of an existing stack changes. */
export const pulled = (pullPolicy: string | undefined): { imagePullPolicy?: string } =>
  pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy };
