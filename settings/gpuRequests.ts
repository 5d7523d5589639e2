import { allocatable } from "../components/catalogue/allocatable";
import { coresToFeed } from "../components/catalogue/gpuShare";
import type { Given, Values } from "./definitions";
import type { NodeSettings } from "./shape";

/** What a replica's server asks for. */
export type Requests = Pick<Values, "cpuCores" | "memoryGb">;

/**
 * The reference's own GPU example, asked for wherever there is no GPU of a known size to share a
 * node by.
 */
const plain: Requests = { cpuCores: 2, memoryGb: 4 };

/** GB for each core that decodes: what its pictures take while they wait and are worked on. */
const memoryGbPerCore = 2;

type ShareValues = Pick<
  Given,
  | "accelerator"
  | "gpuCores"
  | "gpuInstanceProfile"
  | "runtime.kind"
  | "runtime.cpuCores"
  | "runtime.memoryGb"
>;

/**
 * What is left to the server of the part of a node that belongs to a replica's GPUs, in whole cores
 * (tenths below two) and whole GB.
 * @returns undefined where there is no GPU, or no node whose size is known
 */
function gpuShare(values: ShareValues, nodes: NodeSettings | undefined): Requests | undefined {
  if (values.accelerator !== "gpu" || nodes?.size.accelerator?.kind !== "gpu") return undefined;
  const all = allocatable(nodes.size);
  const part = Math.min(1, values.gpuCores / nodes.acceleratorsPerNode);
  const isAlone = values["runtime.kind"] === "none";
  const cores = all.cpu * part - (isAlone ? 0 : values["runtime.cpuCores"]);
  const memoryGb = all.memoryGb * part - (isAlone ? 0 : values["runtime.memoryGb"]);
  return {
    cpuCores: Math.max(0.1, cores < 2 ? Math.floor(cores * 10) / 10 : Math.floor(cores)),
    memoryGb: Math.floor(memoryGb),
  };
}

/**
 * What a replica's server asks for: what is set, and by default its GPUs' share of the cores with
 * the memory that goes with them, within the limits that are set.
 */
export function requestsOf(given: Given, nodes: NodeSettings | undefined): Requests {
  const share = gpuShare(given, nodes);
  const { cpuCoresLimit = Infinity, memoryGbLimit = Infinity } = given;
  const cpuCores = given.cpuCores ?? Math.min(share?.cpuCores ?? plain.cpuCores, cpuCoresLimit);
  const fitting = share ? Math.min(share.memoryGb, Math.floor(memoryGbPerCore * cpuCores)) : 0;
  const memoryGb = Math.min(Math.max(plain.memoryGb, fitting), memoryGbLimit);
  return { cpuCores, memoryGb: given.memoryGb ?? memoryGb };
}

/**
 * What a preview says of a GPU that its server's cores cannot keep busy, and of cores that nobody
 * uses.
 */
export function feedingNotices(given: Given, nodes: NodeSettings | undefined): string[] {
  if (given.accelerator !== "gpu" || given.target === "local") return [];
  if (given.target === "kubernetes") return given.cpuCores === undefined ? [unknownNodes] : [];
  const share = gpuShare(given, nodes)?.cpuCores;
  if (nodes === undefined || share === undefined) return [];
  const { size } = nodes;
  const { cpuCores } = requestsOf(given, nodes);
  const need = (coresToFeed(size, given.gpuInstanceProfile) ?? 1) * given.gpuCores;
  const card = `${given.gpuInstanceProfile ? `a ${given.gpuInstanceProfile} slice of ` : ""}the ${size.accelerator?.model}`;
  const feeds = `about ${counted(need)} decode pictures as fast as ${card} scores them (an estimate)`;
  const mend = `Let the server have them with: pulumi config set cpuCores ${share}`;
  if (cpuCores >= share) {
    return need > share
      ? [`A replica's share of ${size.name} is ${counted(share)}, and ${feeds}: its GPU may wait.`]
      : [];
  }
  const kept = `a replica's share of ${size.name} is ${counted(share)}, which no other pod is there to use`;
  return [`cpuCores is ${cpuCores}: ${kept}${cpuCores < need ? `, and ${feeds}` : ""}. ${mend}`];
}

const unknownNodes =
  "cpuCores is not set, so a replica asks for 2: those feed a T4 with pictures, and a bigger GPU needs more. Give it its GPU's share of your nodes with: pulumi config set cpuCores 12";

const counted = (cores: number) => (cores === 1 ? "1 core" : `${cores} cores`);
