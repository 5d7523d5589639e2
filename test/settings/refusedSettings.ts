/** A configuration that is refused, and every line of the refusal. */
export interface RefusedSettings {
  readonly title: string;
  readonly stack: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/* eslint max-lines: "off" -- a table */
export const refusedSettings: readonly RefusedSettings[] = [
  {
    title: "a value outside an enumeration",
    stack: "eastus",
    overrides: { target: "aws" },
    lines: [
      'target is "aws": it must be one of azure, kubernetes, local. Mend it with: pulumi config set target azure',
    ],
  },
  {
    title: "a whole number out of bounds",
    stack: "eastus",
    overrides: { replicas: 0 },
    lines: [
      'replicas is "0": it must be a whole number from 1 to 1000. Mend it with: pulumi config set replicas 1',
    ],
  },
  {
    title: "a fraction where a number must be",
    stack: "eastus",
    overrides: { cpuCores: "two" },
    lines: [
      'cpuCores is "two": it must be a number from 0.1 to 1000. Mend it with: pulumi config set cpuCores 1',
    ],
  },
  {
    title: "a list with a foreign item",
    stack: "eastus",
    overrides: { systemZones: ["4"] },
    lines: [
      'systemZones is "["4"]": it must be a list, each item one of 1, 2, 3. Mend it with: pulumi config set systemZones \'["1"]\'',
    ],
  },
  {
    title: "tags that are not texts",
    stack: "eastus",
    overrides: { tags: { team: 1 } },
    lines: [
      'tags is "{"team":1}": it must be at most 40 tags, names without <>%&\\?/ and texts of at most 256 characters. Mend it with: pulumi config set tags \'{"team":"vision"}\'',
    ],
  },
  {
    title: "a range that is none",
    stack: "eastus",
    overrides: { authorizedIpRanges: ["10.0.0.300/8"] },
    lines: [
      'authorizedIpRanges is "["10.0.0.300/8"]": it must be a list, each item a range such as 203.0.113.0/24. Mend it with: pulumi config set authorizedIpRanges \'["203.0.113.0/24"]\'',
    ],
  },
  {
    title: "an image without tag or digest",
    stack: "eastus",
    overrides: { gpuDevicePluginImage: "nvcr.io/plugin" },
    lines: [
      'gpuDevicePluginImage is "nvcr.io/plugin": it must be an image reference with a tag or a digest. Mend it with: pulumi config set gpuDevicePluginImage registry.example.com/scoring-image@sha256:DIGEST',
    ],
  },
  {
    title: "a base name that is too long for a vault",
    stack: "eastus",
    overrides: { name: "acceleratedscoring" },
    lines: [
      'name is "acceleratedscoring": it must be 3 to 12 lower-case letters and digits, beginning with a letter (Azure allows a Key Vault 24 with our suffix). Mend it with: pulumi config set name scoring',
    ],
  },
  {
    title: "a key that Pulumi.yaml does not declare",
    stack: "eastus",
    overrides: { replica: 2 },
    lines: [
      "replica is not a setting (docs/settings.md lists them). Mend it with: pulumi config rm replica",
    ],
  },
  {
    title: "several problems at once",
    stack: "eastus",
    overrides: { replicas: 0, auth: "password" },
    lines: [
      'replicas is "0": it must be a whole number from 1 to 1000. Mend it with: pulumi config set replicas 1',
      'auth is "password": it must be one of key, token, none. Mend it with: pulumi config set auth key',
    ],
  },
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
  {
    title: "an autoscaled GPU service",
    stack: "eastus",
    overrides: { "autoscale.enabled": true, "autoscale.maxReplicas": 3 },
    lines: [
      "autoscale.enabled is true: a gpu service is not scaled by its CPU, and the metric of requests in flight does not exist yet; set replicas. Mend it with: pulumi config set autoscale.enabled false",
    ],
  },
  {
    title: "an autoscaler's fewest replicas over its most",
    stack: "westus2",
    overrides: { "autoscale.minReplicas": 4 },
    lines: [
      "autoscale.minReplicas is 4: it must not exceed autoscale.maxReplicas, 3. Mend it with: pulumi config set autoscale.minReplicas 3",
    ],
  },
  {
    title: "a limit below the cores asked for",
    stack: "eastus",
    overrides: { cpuCoresLimit: "1" },
    lines: [
      'cpuCoresLimit is "1": it must not be less than cpuCores, 2. Mend it with: pulumi config set cpuCoresLimit 2',
    ],
  },
  {
    title: "a limit below the memory asked for",
    stack: "eastus",
    overrides: { memoryGbLimit: "1" },
    lines: [
      'memoryGbLimit is "1": it must not be less than memoryGb, 4. Mend it with: pulumi config set memoryGbLimit 4',
    ],
  },
  {
    title: "keys of tokens that are fetched in clear text",
    stack: "eastus",
    overrides: { auth: "token", "token.jwksUri": "http://example.com/keys" },
    lines: [
      'token.jwksUri is "http://example.com/keys": it must be empty or an https:// address. Mend it with: pulumi config set token.jwksUri https://login.microsoftonline.com/TENANT/discovery/v2.0/keys',
    ],
  },
  {
    title: "tokens without an issuer",
    stack: "eastus",
    overrides: { auth: "token", "token.audience": "api://scoring" },
    lines: [
      "token.issuer is not set: auth token needs token.issuer and token.audience. Mend it with: pulumi config set token.issuer https://login.microsoftonline.com/TENANT/v2.0",
    ],
  },
  {
    title: "an issuer of tokens that nobody is asked for",
    stack: "eastus",
    overrides: { "token.issuer": "https://login.microsoftonline.com/TENANT/v2.0" },
    lines: [
      "token.issuer is set, but auth is key: no token is asked for. Mend it with: pulumi config rm token.issuer",
    ],
  },
  {
    title: "clear text on a public address",
    stack: "eastus",
    overrides: { "tls.mode": "none" },
    lines: [
      'tls.mode is "none": clear text on a public address must be asked for by allowClearText. Mend it with: pulumi config set tls.mode generated',
    ],
  },
  {
    title: "an own certificate without anything",
    stack: "eastus",
    overrides: { "tls.mode": "own" },
    lines: [
      'tls.certificate is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set tls.certificate "$(cat tls.crt)"',
      'tls.key is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set --secret tls.key "$(cat tls.key)"',
      "tls.host is not set: tls.mode own needs tls.certificate, tls.key and tls.host, all three. Mend it with: pulumi config set tls.host score.example.com",
    ],
  },
  {
    title: "a generated certificate without a host name",
    stack: "edge",
    overrides: { "tls.host": "" },
    lines: [
      "tls.host is not set: only a public address on Azure has a DNS label; elsewhere the certificate needs the host name that clients will use. Mend it with: pulumi config set tls.host score.example.com",
    ],
  },
  {
    title: "a DNS label on an internal address",
    stack: "edge",
    overrides: { dnsLabel: "scoring" },
    lines: [
      'dnsLabel is "scoring": only a public address on Azure has a DNS label. Mend it with: pulumi config set dnsLabel ""',
    ],
  },
  {
    title: "an FPGA stack without a runtime",
    stack: "westeurope",
    overrides: { "fpga.resourceName": "", "fpga.runtimeImage": "", "fpga.runtimeModel": "" },
    lines: [
      "fpga.resourceName is not set: the FPGA's Kubernetes resource name depends on its shell and plugin, so it must be named; see it with: kubectl get nodes -o jsonpath={.items[*].status.allocatable}. Mend it with: pulumi config set fpga.resourceName amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1",
      "fpga.runtimeImage is not set: no ONNX Runtime on npm drives an FPGA: the service needs the image of a runtime that speaks the open inference protocol and holds the bitstream. Mend it with: pulumi config set fpga.runtimeImage registry.example.com/fpga-runtime@sha256:DIGEST",
      "fpga.runtimeModel is not set: the runtime must be told which of its models to run. Mend it with: pulumi config set fpga.runtimeModel resnet50",
    ],
  },
  {
    title: "ranges of a private API server",
    stack: "eastus",
    overrides: { apiAccess: "private", authorizedIpRanges: ["203.0.113.0/24"] },
    lines: [
      "authorizedIpRanges is [\"203.0.113.0/24\"]: a private API server has no public address to restrict. Mend it with: pulumi config set authorizedIpRanges '[]'",
    ],
  },
  {
    title: "a deployer's range that is none",
    stack: "eastus",
    overrides: { deployerIpRange: "203.0.113.7/33" },
    lines: [
      'deployerIpRange is "203.0.113.7/33": it must be auto or a range such as 203.0.113.7/32. Mend it with: pulumi config set deployerIpRange auto',
    ],
  },
  {
    title: "a build for a cluster without registry",
    stack: "edge",
    overrides: { "image.build": "docker", "image.reference": "" },
    lines: [
      'image.build is "docker": target kubernetes has no registry of its own and deploys an image that exists. Mend it with: pulumi config set image.build none',
    ],
  },
  {
    title: "no image to deploy",
    stack: "edge",
    overrides: { "image.reference": "" },
    lines: [
      "image.reference is not set: image.build none deploys an image that exists. Mend it with: pulumi config set image.reference registry.example.com/scoring-image@sha256:DIGEST",
    ],
  },
  {
    title: "an image that would be built over",
    stack: "eastus",
    overrides: { "image.reference": "registry.example.com/a:1" },
    lines: [
      'image.reference is "registry.example.com/a:1": image.build docker builds the image itself. Mend it with: pulumi config set image.reference ""',
    ],
  },
  {
    title: "an ACR task without a source",
    stack: "eastus",
    overrides: { "image.build": "acr" },
    lines: [
      "image.source is not set: an ACR task builds from a Git address. Mend it with: pulumi config set image.source https://github.com/ORG/REPO.git#main:scoring-image",
    ],
  },
  {
    title: "an unknown model",
    stack: "eastus",
    overrides: { model: "alexnet" },
    lines: [
      'model is "alexnet": scoring-image/models has efficientnet-lite0. Mend it with: pulumi config set model efficientnet-lite0',
    ],
  },
  {
    title: "a model of the catalogue that has not been fetched",
    stack: "eastus",
    overrides: { model: "resnet152" },
    lines: [
      'model is "resnet152": it is in the catalogue, but not in scoring-image/models yet. Mend it with: npm run model -- fetch resnet152',
    ],
  },
  {
    title: "a conversion of a package",
    stack: "eastus",
    overrides: { "conversion.input": "images:0", "conversion.preset": "reference" },
    lines: [
      'conversion.input is "images:0": efficientnet-lite0 is a package and is not converted. Mend it with: pulumi config set conversion.input ""',
      'conversion.preset is "reference": efficientnet-lite0 is a package and is not converted. Mend it with: pulumi config set conversion.preset ""',
    ],
  },
  {
    title: "a zone-redundant registry below Premium",
    stack: "eastus",
    overrides: { registryZoneRedundant: true },
    lines: [
      "registryZoneRedundant is true: only a Premium registry can be zone redundant, registrySku is Standard. Mend it with: pulumi config set registrySku Premium",
    ],
  },
];
