import type { RefusedSettings } from "./refusedSettings";

/** Regions, sizes, pools and what fits on them. */
export const nodes: readonly RefusedSettings[] = [
  {
    title: "an unknown region",
    stack: "eastus",
    overrides: { "azure-native:location": "atlantis" },
    lines: [
      'azure-native:location is "atlantis": it must be one of eastus, eastus2, southcentralus, centralus, westus2, westus3, westus, northcentralus, westcentralus, canadacentral, canadaeast, brazilsouth, northeurope, westeurope, uksouth, ukwest, francecentral, germanywestcentral, swedencentral, norwayeast, switzerlandnorth, polandcentral, italynorth, southafricanorth, uaenorth, centralindia, southindia, southeastasia, eastasia, japaneast, koreacentral, australiaeast, australiasoutheast; a region of yours that is missing needs a row in components/catalogue/regions.ts. Mend it with: pulumi config set azure-native:location eastus',
    ],
  },
  {
    title: "zones in a region without them",
    stack: "westus2",
    overrides: { "azure-native:location": "westus" },
    lines: [
      'systemZones is ["1","2","3"]: West US has no availability zones. Mend it with: pulumi config set systemZones \'[]\'',
    ],
  },
  {
    title: "a retired size",
    stack: "eastus",
    overrides: { vmSize: "Standard_NC6", nodeCount: 3 },
    lines: [
      'vmSize is "Standard_NC6": Azure retired it on 2023-09-06, its successor is Standard_NC4as_T4_v3; clouds that still have it need allowRetiredVmSize. Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "a retired size without a date",
    stack: "westeurope",
    overrides: { vmSize: "Standard_PB6s" },
    lines: [
      'vmSize is "Standard_PB6s": Azure no longer offers it (no notice with a date was found), its successor is Standard_NP10s; clouds that still have it need allowRetiredVmSize. Mend it with: pulumi config set vmSize Standard_NP10s',
    ],
  },
  {
    title: "a size outside its own regions",
    stack: "westeurope",
    overrides: { "azure-native:location": "northeurope" },
    lines: [
      'vmSize is "Standard_NP10s": the size exists only in eastus, westus2, southcentralus, westeurope, southeastasia, japaneast, canadacentral, not in northeurope. Mend it with: pulumi config set azure-native:location eastus',
    ],
  },
  {
    title: "an FPGA stack without a size",
    stack: "westeurope",
    overrides: { vmSize: "" },
    lines: [
      "vmSize is not set: an FPGA stack must name its size, since the last of them is being retired and nothing is chosen silently. Mend it with: pulumi config set vmSize Standard_NP10s",
    ],
  },
  {
    title: "an unknown size for FPGAs",
    stack: "westeurope",
    overrides: { vmSize: "Standard_NP80s" },
    lines: [
      'vmSize is "Standard_NP80s": the catalogue has no such size, only Standard_NP10s, Standard_NP20s, Standard_NP40s. Mend it with: pulumi config set vmSize Standard_NP10s',
    ],
  },
  {
    title: "an unknown system size",
    stack: "eastus",
    overrides: { systemVmSize: "Standard_Z1" },
    lines: [
      'systemVmSize is "Standard_Z1": the catalogue has no such size, only Standard_D2s_v5, Standard_D4s_v5, Standard_D8s_v5, Standard_D16s_v5, Standard_D4as_v5, Standard_D8as_v5, Standard_D16as_v5, Standard_D3_v2, Standard_DS2_v2, Standard_DS3_v2, Standard_D4s_v3, Standard_D8s_v3, Standard_F4s_v2, Standard_F8s_v2, Standard_B4ms. Mend it with: pulumi config set systemVmSize Standard_D4s_v5',
    ],
  },
  {
    title: "a system size with an accelerator",
    stack: "eastus",
    overrides: { systemVmSize: "Standard_NC4as_T4_v3" },
    lines: [
      'systemVmSize is "Standard_NC4as_T4_v3": the system pool must not have an accelerator, but this size has 1 GPU (T4). Mend it with: pulumi config set systemVmSize Standard_D4s_v5',
    ],
  },
  {
    title: "a system size that is too small",
    stack: "eastus",
    overrides: { systemVmSize: "Standard_D2s_v5" },
    lines: [
      'systemVmSize is "Standard_D2s_v5": AKS asks for system nodes of at least 4 vCPU, it has 2. Mend it with: pulumi config set systemVmSize Standard_D4s_v5',
    ],
  },
  {
    title: "a GPU service on nodes without one",
    stack: "eastus",
    overrides: { vmSize: "Standard_D4s_v5" },
    lines: [
      'vmSize is "Standard_D4s_v5": accelerator is gpu, but this size has no accelerator; a service that asks for an accelerator is refused on nodes without it. Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "an FPGA service on GPU nodes",
    stack: "westeurope",
    overrides: { vmSize: "Standard_NC4as_T4_v3" },
    lines: [
      'vmSize is "Standard_NC4as_T4_v3": accelerator is fpga, but this size has 1 GPU (T4); a service that asks for an accelerator is refused on nodes without it. Mend it with: pulumi config set vmSize Standard_NP10s',
    ],
  },
  {
    title: "an AMD GPU",
    stack: "eastus",
    overrides: { vmSize: "Standard_ND96isr_MI300X_v5" },
    lines: [
      'vmSize is "Standard_ND96isr_MI300X_v5": the scoring image drives NVIDIA GPUs, this size has 8 GPU (MI300X). Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "a GPU that the CUDA image does not drive",
    stack: "eastus",
    overrides: { vmSize: "Standard_ND40rs_v2" },
    lines: [
      'vmSize is "Standard_ND40rs_v2": its V100 is a Volta GPU of compute capability 7.0, and CUDA 13, of our image and of the default Triton, begins at 7.5 (Turing); take a newer size, or with CUDA 12 a Triton (runtime.kind triton, runtime.image) or an image of your own (image.build none). Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "a GPU that the default Triton does not drive",
    stack: "eastus",
    overrides: { vmSize: "Standard_ND40rs_v2", "runtime.kind": "triton" },
    lines: [
      'vmSize is "Standard_ND40rs_v2": its V100 is a Volta GPU of compute capability 7.0, and CUDA 13, of our image and of the default Triton, begins at 7.5 (Turing); take a newer size, or with CUDA 12 a Triton (runtime.kind triton, runtime.image) or an image of your own (image.build none). Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "a retired size with a GPU that the CUDA image does not drive",
    stack: "eastus",
    overrides: { vmSize: "Standard_NC6s_v3", allowRetiredVmSize: true },
    lines: [
      'vmSize is "Standard_NC6s_v3": its V100 is a Volta GPU of compute capability 7.0, and CUDA 13, of our image and of the default Triton, begins at 7.5 (Turing); take a newer size, or with CUDA 12 a Triton (runtime.kind triton, runtime.image) or an image of your own (image.build none). Mend it with: pulumi config set vmSize Standard_NC4as_T4_v3',
    ],
  },
  {
    title: "no node without an autoscaler",
    stack: "southeastasia",
    overrides: { nodeCount: 0, "nodeAutoscale.enabled": false },
    lines: [
      "nodeCount is 0: without nodeAutoscale.enabled the pool needs at least 1 node. Mend it with: pulumi config set nodeCount 1",
    ],
  },
  {
    title: "an autoscaler's minimum over its maximum",
    stack: "southeastasia",
    overrides: { "nodeAutoscale.minNodes": 2 },
    lines: [
      "nodeAutoscale.minNodes is 2: it must not exceed nodeAutoscale.maxNodes, 1. Mend it with: pulumi config set nodeAutoscale.minNodes 1",
    ],
  },
  {
    title: "no FPGA node at least",
    stack: "westeurope",
    overrides: { "nodeAutoscale.enabled": true, "nodeAutoscale.minNodes": 0 },
    lines: [
      "nodeAutoscale.minNodes is 0: an FPGA pool must keep a node: the autoscaler cannot know the device's resource name on a node that does not exist. Mend it with: pulumi config set nodeAutoscale.minNodes 1",
    ],
  },
  {
    title: "MIG on a card that cannot be split",
    stack: "eastus",
    overrides: { gpuInstanceProfile: "MIG1g" },
    lines: [
      'gpuInstanceProfile is "MIG1g": only A100, H100, H200 can be split, Standard_NC4as_T4_v3 has T4. Mend it with: pulumi config set gpuInstanceProfile ""',
    ],
  },
  {
    title: "too few nodes for fastProd",
    stack: "eastus",
    overrides: { nodeCount: 2, replicas: 2 },
    lines: [
      "nodeCount is 2: clusterPurpose fastProd needs at least 3 nodes; set more, or change the purpose. Mend it with: pulumi config set clusterPurpose devTest",
    ],
  },
  {
    title: "too few cores for fastProd",
    stack: "westus2",
    overrides: { vmSize: "Standard_D2s_v5", cpuCores: "1" },
    lines: [
      "nodeCount is 3: clusterPurpose fastProd needs at least 12 vCPU, 3 x Standard_D2s_v5 have 6; set more, or change the purpose. Mend it with: pulumi config set clusterPurpose devTest",
    ],
  },
  {
    title: "one system node for fastProd",
    stack: "eastus",
    overrides: { systemNodeCount: 1 },
    lines: [
      "systemNodeCount is 1: clusterPurpose fastProd needs at least 2 system nodes. Mend it with: pulumi config set systemNodeCount 2",
    ],
  },
  {
    title: "more replicas than accelerators",
    stack: "eastus",
    overrides: { replicas: 4 },
    lines: [
      "replicas is 4: 4 replicas x 1 GPU need 4, but 3 nodes x 1 GPU of Standard_NC4as_T4_v3 have 3; pods cannot share a GPU. Mend it with: pulumi config set replicas 3",
    ],
  },
  {
    title: "more accelerators a replica than a node has",
    stack: "eastus",
    overrides: { gpuCores: 2 },
    lines: [
      "gpuCores is 2: a replica cannot span nodes and Standard_NC4as_T4_v3 has 1 GPU. Mend it with: pulumi config set gpuCores 1",
    ],
  },
  {
    title: "more cores than a node leaves",
    stack: "eastus",
    overrides: { cpuCores: "4" },
    lines: [
      'cpuCores is "4": a node of Standard_NC4as_T4_v3 has 4 cores, of which AKS leaves about 3.46 to the service. Mend it with: pulumi config set cpuCores 3.4',
    ],
  },
  {
    title: "more memory than a node leaves",
    stack: "eastus",
    overrides: { memoryGb: "28" },
    lines: [
      'memoryGb is "28": a node of Standard_NC4as_T4_v3 has 28 GB, of which AKS leaves about 26.45 to the service. Mend it with: pulumi config set memoryGb 26.4',
    ],
  },
  {
    title: "more replicas than fit by cores",
    stack: "westus2",
    overrides: { "autoscale.maxReplicas": 4 },
    lines: [
      "replicas is 4: 1 fit on a node of Standard_D4s_v5 with 2 cores and 4 GB each, so 3 nodes hold 3. Mend it with: pulumi config set replicas 3",
    ],
  },
];
