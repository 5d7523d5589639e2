import type { RefusedSettings } from "./refusedSettings";

const a100 = {
  vmSize: "Standard_NC24ads_A100_v4",
  gpuInstanceProfile: "MIG1g",
  replicas: 1,
  nodeCount: 1,
  clusterPurpose: "devTest",
};

const sizesRule =
  "it must be empty or whole numbers from 1 to 1024 separated by commas, each above the last. Mend it with: pulumi config set batch.sizes 1,8";

/** Batches, lanes and the GPU's memory. */
export const pipeline: readonly RefusedSettings[] = [
  ...["8,4", "4,4", "0,1", "1,1025", "1,,2", "many"].map((sizes) => ({
    title: `batches of ${sizes} pictures`,
    stack: "eastus",
    overrides: { "batch.sizes": sizes },
    lines: [`batch.sizes is "${sizes}": ${sizesRule}`],
  })),
  {
    title: "decode threads that are not a number",
    stack: "eastus",
    overrides: { decodeThreads: "auto" },
    lines: [
      'decodeThreads is "auto": it must be empty or a whole number from 0 to 256. Mend it with: pulumi config set decodeThreads 0',
    ],
  },
  {
    title: "batches and several calls on an FPGA",
    stack: "westeurope",
    overrides: { "batch.sizes": "1,8", lanes: 2 },
    lines: [
      'batch.sizes is "1,8": an FPGA takes one picture at a time. Mend it with: pulumi config set batch.sizes 1',
      "lanes is 2: an FPGA takes one call at a time. Mend it with: pulumi config set lanes 1",
    ],
  },
  {
    title: "batches above what Triton is told to take",
    stack: "eastus",
    overrides: {
      "runtime.kind": "triton",
      "runtime.modelConfig": "max_batch_size: 8\ndynamic_batching { }",
      "batch.sizes": "1,4,16,32",
    },
    lines: [
      'batch.sizes is "1,4,16,32": runtime.modelConfig lets Triton take 8 (max_batch_size). Mend it with: pulumi config set batch.sizes 1,4,8',
    ],
  },
  {
    title: "more of a GPU's memory than it has",
    stack: "eastus",
    overrides: { gpuMemoryLimit: "16.5" },
    lines: [
      'gpuMemoryLimit is "16.5": a GPU of Standard_NC4as_T4_v3 has 16 GB. Mend it with: pulumi config set gpuMemoryLimit 16',
    ],
  },
  {
    title: "more of a slice's memory than it has",
    stack: "eastus",
    overrides: { ...a100, gpuMemoryLimit: "16" },
    lines: [
      'gpuMemoryLimit is "16": a MIG1g slice of Standard_NC24ads_A100_v4 has 10 GB. Mend it with: pulumi config set gpuMemoryLimit 10',
    ],
  },
  {
    title: "a GPU's memory without a GPU",
    stack: "westus2",
    overrides: { gpuMemoryLimit: "4" },
    lines: [
      'gpuMemoryLimit is "4": accelerator is cpu, and only a GPU has a use for it. Mend it with: pulumi config set gpuMemoryLimit ""',
    ],
  },
  {
    title: "a GPU's memory that Triton has",
    stack: "eastus",
    overrides: { "runtime.kind": "triton", gpuMemoryLimit: "4" },
    lines: [
      'gpuMemoryLimit is "4": runtime.kind is triton, and the runtime itself decides what it takes of the GPU; runtime.modelConfig tells it (gpu_mem_limit). Mend it with: pulumi config set gpuMemoryLimit ""',
    ],
  },
  {
    title: "a GPU's memory on this machine",
    stack: "dev",
    overrides: { gpuMemoryLimit: "4" },
    lines: [
      'gpuMemoryLimit is "4": target local runs the model on the CPU. Mend it with: pulumi config set gpuMemoryLimit ""',
    ],
  },
];
