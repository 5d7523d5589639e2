import {
  allocatable,
  fpgaRuntimeRequests,
  type Allocatable,
} from "../components/catalogue/allocatable";
import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";
import type { NodeSettings } from "./shape";

/** The values that decide how many replicas fit. */
export type ReplicaValues = Pick<
  Values,
  | "accelerator"
  | "gpuCores"
  | "cpuCores"
  | "memoryGb"
  | "replicas"
  | "autoscale.enabled"
  | "autoscale.maxReplicas"
>;

/** How a Deployment replaces its pods. */
export interface Rollout {
  readonly maxUnavailable: 0 | 1;
  readonly maxSurge: 0 | 1;
}

/** Most replicas the service ever has: the autoscaler's maximum where one is on. */
export const mostReplicas = (values: ReplicaValues): number =>
  values["autoscale.enabled"] ? values["autoscale.maxReplicas"] : values.replicas;

/** What a node leaves to servers: on FPGA stacks each replica's runtime is taken off first. */
function roomOf(
  { accelerator, gpuCores }: ReplicaValues,
  { size, acceleratorsPerNode }: NodeSettings,
): Allocatable {
  const room = allocatable(size);
  const runtimes = accelerator === "fpga" ? Math.floor(acceleratorsPerNode / gpuCores) : 0;
  return {
    cpu: room.cpu - runtimes * fpgaRuntimeRequests.cpu,
    memoryGb: room.memoryGb - runtimes * fpgaRuntimeRequests.memoryGb,
  };
}

/** Replicas that fit on one node by devices, cores and memory. */
export function replicasPerNode(values: ReplicaValues, nodes: NodeSettings): number {
  const { accelerator, gpuCores, cpuCores, memoryGb } = values;
  const room = roomOf(values, nodes);
  return Math.min(
    accelerator === "cpu" ? Infinity : Math.floor(nodes.acceleratorsPerNode / gpuCores),
    Math.floor(room.cpu / cpuCores),
    Math.floor(room.memoryGb / memoryGb),
  );
}

/**
 * A new pod may start beside the old ones only where there is room for it; on a full pool it would wait for ever for a
 * device that only an old pod's end frees.
 */
export function rolloutOf(values: ReplicaValues, nodes: NodeSettings | undefined): Rollout {
  const spare = nodes && nodes.maxCount * replicasPerNode(values, nodes) > mostReplicas(values);
  return (spare ?? values.accelerator === "cpu")
    ? { maxUnavailable: 0, maxSurge: 1 }
    : { maxUnavailable: 1, maxSurge: 0 };
}

/** Rules that hold the service's requests against what the nodes can give. */
export function capacityRules(values: Values, nodes: NodeSettings): Findings {
  const problems = [...deviceProblems(values, nodes), ...roomProblems(values, nodes)];
  if (problems.length === 0) problems.push(...fitProblems(values, nodes));
  return { problems, notices: [] };
}

/** What a preview says about the next update of the service. */
export function rolloutNotices(values: Values, nodes: NodeSettings | undefined): string[] {
  const { maxSurge } = rolloutOf(values, nodes);
  if (maxSurge === 1) return [];
  return [
    `Updates replace one replica at a time and run with ${Math.max(0, mostReplicas(values) - 1)} of ${mostReplicas(values)} meanwhile: there is no spare ${values.accelerator === "cpu" ? "room" : values.accelerator.toUpperCase()} for a new replica to start beside the old ones.`,
  ];
}

function deviceProblems(
  values: Values,
  { size, acceleratorsPerNode, maxCount }: NodeSettings,
): string[] {
  const { accelerator, gpuCores } = values;
  if (accelerator === "cpu" || size.accelerator?.kind !== accelerator) return [];
  const replicas = mostReplicas(values);
  const kind = accelerator.toUpperCase();
  if (gpuCores > acceleratorsPerNode) {
    return [
      problem(
        "gpuCores",
        gpuCores,
        `a replica cannot span nodes and ${size.name} has ${acceleratorsPerNode} ${kind}`,
        `gpuCores ${acceleratorsPerNode}`,
      ),
    ];
  }
  // Devices of a node that a replica cannot fill are lost, so replicas are counted node by node.
  const fit = Math.floor(acceleratorsPerNode / gpuCores) * maxCount;
  return replicas > fit
    ? [
        problem(
          "replicas",
          replicas,
          `${replicas} replicas x ${gpuCores} ${kind} need ${replicas * gpuCores}, but ${maxCount} nodes x ${acceleratorsPerNode} ${kind} of ${size.name} have ${maxCount * acceleratorsPerNode}; pods cannot share a ${kind}`,
          `replicas ${Math.max(1, fit)}`,
        ),
      ]
    : [];
}

function roomProblems(values: Values, nodes: NodeSettings): string[] {
  const { cpuCores, memoryGb } = values;
  const { size } = nodes;
  const room = roomOf(values, nodes);
  const found: string[] = [];
  if (cpuCores > room.cpu) {
    found.push(
      problem(
        "cpuCores",
        String(cpuCores),
        `a node of ${size.name} has ${size.vcpus} cores, of which AKS leaves about ${room.cpu} to the service`,
        `cpuCores ${Math.max(0.1, Math.floor(room.cpu * 10) / 10)}`,
      ),
    );
  }
  if (memoryGb > room.memoryGb) {
    found.push(
      problem(
        "memoryGb",
        String(memoryGb),
        `a node of ${size.name} has ${size.memoryGb} GB, of which AKS leaves about ${room.memoryGb} to the service`,
        `memoryGb ${Math.max(0.1, Math.floor(room.memoryGb * 10) / 10)}`,
      ),
    );
  }
  return found;
}

function fitProblems(values: Values, nodes: NodeSettings): string[] {
  const each = replicasPerNode(values, nodes);
  const replicas = mostReplicas(values);
  return replicas > each * nodes.maxCount
    ? [
        problem(
          "replicas",
          replicas,
          `${each} fit on a node of ${nodes.size.name} with ${values.cpuCores} cores and ${values.memoryGb} GB each, so ${nodes.maxCount} nodes hold ${each * nodes.maxCount}`,
          `replicas ${Math.max(1, each * nodes.maxCount)}`,
        ),
      ]
    : [];
}
