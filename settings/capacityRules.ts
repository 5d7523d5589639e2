import { allocatable, type Allocatable } from "../components/catalogue/allocatable";
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
  | "rollout"
  | "runtime.kind"
  | "runtime.cpuCores"
  | "runtime.memoryGb"
>;

/** How a Deployment replaces its pods: one by one, or all of them before any new one starts. */
export type Rollout =
  { readonly maxUnavailable: 0 | 1; readonly maxSurge: 0 | 1 } | { readonly recreate: true };

/** Most replicas the service ever has: the autoscaler's maximum where one is on. */
export const mostReplicas = (values: ReplicaValues): number =>
  values["autoscale.enabled"] ? values["autoscale.maxReplicas"] : values.replicas;

/** What a replica's runtime takes beside the server. */
const runtimeOf = (values: ReplicaValues): Allocatable =>
  values["runtime.kind"] === "none"
    ? { cpu: 0, memoryGb: 0 }
    : { cpu: values["runtime.cpuCores"], memoryGb: values["runtime.memoryGb"] };

/** Replicas that fit on one node by devices, cores and memory. */
export function replicasPerNode(values: ReplicaValues, nodes: NodeSettings): number {
  const { accelerator, gpuCores, cpuCores, memoryGb } = values;
  const room = allocatable(nodes.size);
  const runtime = runtimeOf(values);
  return Math.min(
    accelerator === "cpu" ? Infinity : Math.floor(nodes.acceleratorsPerNode / gpuCores),
    Math.floor(room.cpu / (cpuCores + runtime.cpu)),
    Math.floor(room.memoryGb / (memoryGb + runtime.memoryGb)),
  );
}

/**
 * Recreating is asked for. Otherwise a new pod may start beside the old ones only where there is room for it; on a full pool it would wait for ever for a
 * device that only an old pod's end frees.
 */
export function rolloutOf(values: ReplicaValues, nodes: NodeSettings | undefined): Rollout {
  if (values.rollout === "recreate") return { recreate: true };
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
  const rollout = rolloutOf(values, nodes);
  if ("recreate" in rollout) {
    return [
      "Updates end every replica before a new one starts (rollout is recreate): the service is away meanwhile.",
    ];
  }
  if (rollout.maxSurge === 1) return [];
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
          `${replicas} replicas x ${gpuCores} ${kind} need ${replicas * gpuCores}, but ${maxCount} nodes x ${acceleratorsPerNode} ${kind} of ${size.name} have ${maxCount * acceleratorsPerNode}; pods cannot share ${accelerator === "fpga" ? "an" : "a"} ${kind}`,
          `replicas ${Math.max(1, fit)}`,
        ),
      ]
    : [];
}

function roomProblems(values: Values, { size }: NodeSettings): string[] {
  const { cpuCores, memoryGb } = values;
  const all = allocatable(size);
  const runtime = runtimeOf(values);
  const left = (whole: number, taken: number) =>
    Math.max(0, Math.round((whole - taken) * 100) / 100);
  const room = {
    cpu: left(all.cpu, runtime.cpu),
    memoryGb: left(all.memoryGb, runtime.memoryGb),
  };
  const beside = (taken: number) => (taken > 0 ? ` beside the runtime's ${taken}` : "");
  const found: string[] = [];
  if (cpuCores > room.cpu) {
    found.push(
      problem(
        "cpuCores",
        String(cpuCores),
        `a node of ${size.name} has ${size.vcpus} cores, of which AKS leaves about ${room.cpu} to the service${beside(runtime.cpu)}`,
        `cpuCores ${Math.max(0.1, Math.floor(room.cpu * 10) / 10)}`,
      ),
    );
  }
  if (memoryGb > room.memoryGb) {
    found.push(
      problem(
        "memoryGb",
        String(memoryGb),
        `a node of ${size.name} has ${size.memoryGb} GB, of which AKS leaves about ${room.memoryGb} to the service${beside(runtime.memoryGb)}`,
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
          `${each} fit on a node of ${nodes.size.name} with ${values.cpuCores} cores and ${values.memoryGb} GB each${runtimeText(values)}, so ${nodes.maxCount} nodes hold ${each * nodes.maxCount}`,
          `replicas ${Math.max(1, each * nodes.maxCount)}`,
        ),
      ]
    : [];
}

const runtimeText = (values: Values): string =>
  values["runtime.kind"] === "none"
    ? ""
    : `, and ${values["runtime.cpuCores"]} and ${values["runtime.memoryGb"]} of the runtime`;
