import * as containerservice from "@pulumi/azure-native/containerservice";
import * as pulumi from "@pulumi/pulumi";
import { maxPodsPerNode } from "./catalogue/allocatable";
import type { Cluster } from "./cluster";
import type { Foundation } from "./foundation";
import { poolName } from "./names";
import type { Tags } from "./tags";

/** Label by which the service and the device plugins find their nodes. */
export const poolLabel = "scoring-nodes";

/** Key of the taint that keeps other pods off nodes with an accelerator; its value is `gpu` or `fpga`. */
export const taintKey = "sku";

/** Taint and label that AKS puts on spot nodes. */
export const spotTaint = { key: "kubernetes.azure.com/scalesetpriority", value: "spot" } as const;

/** Inputs of an AcceleratorPool. */
export interface AcceleratorPoolArgs {
  readonly foundation: Foundation;
  readonly cluster: Cluster;
  readonly accelerator: "gpu" | "fpga" | "cpu";
  /** Changing it makes a new pool and then removes the old one. */
  readonly vmSize: string;
  /** Nodes; with an autoscaler only the number it begins with. */
  readonly count: number;
  readonly autoscale: { readonly minNodes: number; readonly maxNodes: number } | undefined;
  readonly spot: boolean;
  readonly zones: readonly string[];
  readonly gpuInstanceProfile: string | undefined;
  readonly gpuDriver: "Install" | "None";
  readonly tags: Tags;
}

/** The nodes that score: a pool of its own, since pools inside the cluster resource cannot be updated one by one. */
export class AcceleratorPool extends pulumi.ComponentResource {
  readonly poolName: pulumi.Output<string>;
  readonly nodePool: containerservice.AgentPool;

  constructor(name: string, args: AcceleratorPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:acceleratorPool:AcceleratorPool", name, {}, opts);
    const { foundation, cluster, accelerator, vmSize, count, autoscale, spot, zones, tags } = args;
    this.nodePool = new containerservice.AgentPool(
      `${name}-pool`,
      {
        resourceGroupName: foundation.resourceGroup,
        resourceName: cluster.clusterName,
        agentPoolName: poolName(accelerator, vmSize, args.gpuInstanceProfile),
        mode: "User",
        type: "VirtualMachineScaleSets",
        osType: "Linux",
        osSKU: "Ubuntu",
        vmSize,
        count,
        maxPods: maxPodsPerNode,
        enableAutoScaling: autoscale !== undefined,
        ...(autoscale ? { minCount: autoscale.minNodes, maxCount: autoscale.maxNodes } : {}),
        ...(zones.length > 0 ? { availabilityZones: [...zones] } : {}),
        ...(accelerator === "gpu" ? { gpuProfile: { driver: args.gpuDriver } } : {}),
        ...(args.gpuInstanceProfile ? { gpuInstanceProfile: args.gpuInstanceProfile } : {}),
        ...(spot
          ? { scaleSetPriority: "Spot", scaleSetEvictionPolicy: "Delete", spotMaxPrice: -1 }
          : {}),
        nodeLabels: {
          [poolLabel]: accelerator,
          ...(spot ? { [spotTaint.key]: spotTaint.value } : {}),
        },
        nodeTaints: [
          ...(accelerator === "cpu" ? [] : [`${taintKey}=${accelerator}:NoSchedule`]),
          // AKS adds it by itself; undeclared it would look like a change that AKS forbids (pulumi-azure-native #959).
          ...(spot ? [`${spotTaint.key}=${spotTaint.value}:NoSchedule`] : []),
        ],
        // A surge node would need an accelerator more than the quota may hold.
        upgradeSettings: { maxUnavailable: "1", maxSurge: "0" },
        tags,
      },
      {
        parent: this,
        deletedWith: cluster.managedCluster,
        customTimeouts: { create: "45m", update: "60m", delete: "45m" },
        // The autoscaler's number, not ours, once it runs (pulumi-azure-native #2943).
        ignoreChanges: autoscale ? ["count"] : [],
      },
    );
    this.poolName = this.nodePool.name;
    this.registerOutputs({ poolName: this.poolName });
  }
}
