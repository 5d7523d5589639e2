import { migDevices, migModels, type VmSize } from "../components/catalogue/vmSizes";
import { findRegion, regions } from "../components/catalogue/regions";
import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";
import type { NodeSettings } from "./shape";

/** The nodes as the settings describe them; devices are counted after MIG has split the cards. */
export function nodesOf(
  values: Pick<
    Values,
    "gpuInstanceProfile" | "nodeCount" | "nodeAutoscale.enabled" | "nodeAutoscale.maxNodes"
  >,
  size: VmSize,
): NodeSettings {
  const { gpuInstanceProfile, nodeCount } = values;
  const cards = size.accelerator?.count ?? 0;
  return {
    size,
    acceleratorsPerNode: cards * (gpuInstanceProfile ? migDevices[gpuInstanceProfile] : 1),
    count: nodeCount,
    maxCount: values["nodeAutoscale.enabled"] ? values["nodeAutoscale.maxNodes"] : nodeCount,
  };
}

/** Rules on the region: known, and with zones where zones are asked for. */
export function regionRules(location: string, { systemZones, nodeZones }: Values): Findings {
  const region = findRegion(location);
  if (!region) {
    return {
      problems: [
        problem(
          "azure-native:location",
          location,
          `it must be one of ${regions.map(({ name }) => name).join(", ")}; a region of yours that is missing needs a row in components/catalogue/regions.ts`,
          "azure-native:location eastus",
        ),
      ],
      notices: [],
    };
  }
  const zoned = Object.entries({ systemZones, nodeZones }).filter(([, zones]) => zones.length > 0);
  return {
    problems: region.zones
      ? []
      : zoned.map(([key, zones]) =>
          problem(key, zones, `${region.displayName} has no availability zones`, `${key} '[]'`),
        ),
    notices: [],
  };
}

/** Rules on the accelerator pool: autoscaler, spot, MIG, and the reference's minima for a cluster's purpose. */
export function poolRules(values: Values, nodes: NodeSettings): Findings {
  return {
    problems: [
      ...autoscalerProblems(values),
      ...migProblems(values, nodes.size),
      ...purposeProblems(values, nodes),
    ],
    notices: values.spot
      ? [
          "spot is true: Azure may evict the accelerator nodes at any time, and the service with them.",
        ]
      : [],
  };
}

function autoscalerProblems(values: Values): string[] {
  const { accelerator, nodeCount } = values;
  const min = values["nodeAutoscale.minNodes"];
  const max = values["nodeAutoscale.maxNodes"];
  if (!values["nodeAutoscale.enabled"]) {
    return nodeCount === 0
      ? [
          problem(
            "nodeCount",
            0,
            "without nodeAutoscale.enabled the pool needs at least 1 node",
            "nodeCount 1",
          ),
        ]
      : [];
  }
  const found: string[] = [];
  if (min > max) {
    found.push(
      problem(
        "nodeAutoscale.minNodes",
        min,
        `it must not exceed nodeAutoscale.maxNodes, ${max}`,
        `nodeAutoscale.minNodes ${max}`,
      ),
    );
  }
  if (min <= max && (nodeCount < min || nodeCount > max)) {
    found.push(
      problem(
        "nodeCount",
        nodeCount,
        `the autoscaler begins with it, so it must lie between ${min} and ${max}`,
        `nodeCount ${Math.min(Math.max(nodeCount, min), max)}`,
      ),
    );
  }
  if (min === 0 && accelerator === "fpga") {
    found.push(
      problem(
        "nodeAutoscale.minNodes",
        0,
        "an FPGA pool must keep a node: the autoscaler cannot know the device's resource name on a node that does not exist",
        "nodeAutoscale.minNodes 1",
      ),
    );
  }
  return found;
}

function migProblems({ gpuInstanceProfile }: Values, size: VmSize): string[] {
  const model = size.accelerator?.model ?? "no accelerator";
  return gpuInstanceProfile && !migModels.includes(model)
    ? [
        problem(
          "gpuInstanceProfile",
          gpuInstanceProfile,
          `only ${migModels.join(", ")} can be split, ${size.name} has ${model}`,
          'gpuInstanceProfile ""',
        ),
      ]
    : [];
}

/** Nodes and cores that the reference system asked of a production cluster. */
export const fastProdMinimum = { nodes: 3, vcpus: 12 } as const;

function purposeProblems(values: Values, { size, maxCount }: NodeSettings): string[] {
  const { clusterPurpose, nodeCount, systemNodeCount } = values;
  if (clusterPurpose === "devTest") return [];
  const found: string[] = [];
  const { nodes, vcpus } = fastProdMinimum;
  const mend = "clusterPurpose devTest";
  if (maxCount < nodes) {
    found.push(
      problem(
        "nodeCount",
        nodeCount,
        `clusterPurpose fastProd needs at least ${nodes} nodes; set more, or change the purpose`,
        mend,
      ),
    );
  } else if (maxCount * size.vcpus < vcpus) {
    found.push(
      problem(
        "nodeCount",
        nodeCount,
        `clusterPurpose fastProd needs at least ${vcpus} vCPU, ${maxCount} x ${size.name} have ${maxCount * size.vcpus}; set more, or change the purpose`,
        mend,
      ),
    );
  }
  if (systemNodeCount < 2) {
    found.push(
      problem(
        "systemNodeCount",
        systemNodeCount,
        "clusterPurpose fastProd needs at least 2 system nodes",
        "systemNodeCount 2",
      ),
    );
  }
  return found;
}
