import type { VmSize } from "./vmSizes";

/** Pods that one accelerator or CPU node may run; AKS reserves memory for each, so few are allowed. */
export const maxPodsPerNode = 30;

/**
 * What AKS's own DaemonSets (Cilium, CSI drivers, monitoring) ask for on each node, in cores and GB.
 * An estimate on the safe side: the sum differs with add-ons and versions and no page states it.
 */
export const daemonSetRequests = { cpu: 0.4, memoryGb: 0.8 } as const;

/** What the pods of a service may ask for in all on one node, in cores and GB. */
export interface Allocatable {
  readonly cpu: number;
  readonly memoryGb: number;
}

/** Cores that AKS keeps for the kubelet, by AKS's table "node resource reservations" (60 m for one core up to 740 m for 64). */
export const reservedCpu = (vcpus: number): number =>
  vcpus <= 1 ? 0.06 : vcpus <= 2 ? 0.1 : vcpus <= 4 ? 0.14 : 0.14 + (vcpus - 4) * 0.01;

/** GB that AKS keeps: 20 MB a pod and 50 MB, or a quarter of the node if that is less, and 100 MB before eviction. */
export const reservedMemoryGb = (memoryGb: number, maxPods: number): number =>
  Math.min((20 * maxPods + 50) / 1000, memoryGb * 0.25) + 0.1;

const round = (value: number) => Math.floor(value * 100) / 100;

/** Allocatable of a node, its DaemonSets taken off; rounded down to hundredths. Memory that no page states limits nothing. */
export const allocatable = ({ vcpus, memoryGb }: VmSize): Allocatable => ({
  cpu: Math.max(0, round(vcpus - reservedCpu(vcpus) - daemonSetRequests.cpu)),
  memoryGb:
    memoryGb === 0
      ? Infinity
      : Math.max(
          0,
          round(memoryGb - reservedMemoryGb(memoryGb, maxPodsPerNode) - daemonSetRequests.memoryGb),
        ),
});
