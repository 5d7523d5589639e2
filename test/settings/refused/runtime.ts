import type { RefusedSettings } from "./refusedSettings";

const triton = { "runtime.kind": "triton" };

/** FPGAs, and the runtime beside the server. */
export const runtime: readonly RefusedSettings[] = [
  {
    title: "an FPGA stack without a resource name and a runtime",
    stack: "westeurope",
    overrides: {
      "fpga.resourceName": "",
      "runtime.kind": "none",
      "runtime.image": "",
      "runtime.model": "",
    },
    lines: [
      "fpga.resourceName is not set: the FPGA's Kubernetes resource name depends on its shell and plugin, so it must be named; see it with: kubectl get nodes -o jsonpath={.items[*].status.allocatable}. Mend it with: pulumi config set fpga.resourceName amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1",
      'runtime.kind is "none": neither ONNX Runtime\'s package on npm nor Triton drives an FPGA: the service needs a runtime beside it that speaks the Open Inference Protocol and holds the bitstream. Mend it with: pulumi config set runtime.kind openInference',
    ],
  },
  {
    title: "Triton on an FPGA",
    stack: "westeurope",
    overrides: { "runtime.kind": "triton" },
    lines: [
      'runtime.kind is "triton": neither ONNX Runtime\'s package on npm nor Triton drives an FPGA: the service needs a runtime beside it that speaks the Open Inference Protocol and holds the bitstream. Mend it with: pulumi config set runtime.kind openInference',
    ],
  },
  {
    title: "another vendor's resource name",
    stack: "westeurope",
    overrides: { "fpga.resourceName": "fpga.intel.com/af-69528db" },
    lines: [
      'fpga.resourceName is "fpga.intel.com/af-69528db": it must be empty or a Kubernetes resource name that begins with amd.com/ or, of plugins before 2022-08-31, xilinx.com/. Mend it with: pulumi config set fpga.resourceName amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1',
    ],
  },
  {
    title: "a resource name that Kubernetes does not allow",
    stack: "westeurope",
    overrides: { "fpga.resourceName": "amd.com/u250_" },
    lines: [
      'fpga.resourceName is "amd.com/u250_": it must be empty or a Kubernetes resource name that begins with amd.com/ or, of plugins before 2022-08-31, xilinx.com/. Mend it with: pulumi config set fpga.resourceName amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1',
    ],
  },
  {
    title: "two FPGAs for one model",
    stack: "westeurope",
    overrides: { gpuCores: 2, vmSize: "Standard_NP20s" },
    lines: [
      "gpuCores is 2: one model runs on one FPGA; more FPGAs take more replicas. Mend it with: pulumi config set gpuCores 1",
    ],
  },
  {
    title: "more replicas than FPGAs",
    stack: "westeurope",
    overrides: { replicas: 4 },
    lines: [
      "replicas is 4: 4 replicas x 1 FPGA need 4, but 3 nodes x 1 FPGA of Standard_NP10s have 3; pods cannot share an FPGA. Mend it with: pulumi config set replicas 3",
    ],
  },
  {
    title: "a driver installer that is no image",
    stack: "westeurope",
    overrides: { "fpga.driverInstallerImage": "xrt" },
    lines: [
      'fpga.driverInstallerImage is "xrt": it must be empty or an image reference with a tag or a digest. Mend it with: pulumi config set fpga.driverInstallerImage registry.example.com/scoring-image@sha256:DIGEST',
    ],
  },
  {
    title: "a driver installer for a cluster of somebody else's",
    stack: "edge",
    overrides: {
      accelerator: "fpga",
      "fpga.resourceName": "amd.com/xilinx_u250-0",
      "fpga.driverInstallerImage": "registry.example.com/xrt:2",
      "runtime.kind": "openInference",
      "runtime.image": "registry.example.com/fpga-runtime:1",
      "runtime.model": "resnet50",
    },
    lines: [
      'fpga.driverInstallerImage is "registry.example.com/xrt:2": the cluster exists already, and whoever runs it installs driver and device plugin. Mend it with: pulumi config set fpga.driverInstallerImage ""',
    ],
  },
  {
    title: "settings of an FPGA that is not there",
    stack: "eastus",
    overrides: {
      "fpga.resourceName": "amd.com/xilinx_u250-0",
      "fpga.driverInstallerImage": "registry.example.com/xrt:2",
    },
    lines: [
      'fpga.resourceName is "amd.com/xilinx_u250-0": accelerator is gpu, and only an FPGA has a use for it. Mend it with: pulumi config set fpga.resourceName ""',
      'fpga.driverInstallerImage is "registry.example.com/xrt:2": accelerator is gpu, and only an FPGA has a use for it. Mend it with: pulumi config set fpga.driverInstallerImage ""',
    ],
  },
  {
    title: "a runtime that does not say which model to ask for, nor from which image it comes",
    stack: "westeurope",
    overrides: { "runtime.image": "", "runtime.model": "" },
    lines: [
      "runtime.image is not set: the service needs the image of a runtime that speaks the Open Inference Protocol over gRPC. Mend it with: pulumi config set runtime.image registry.example.com/fpga-runtime@sha256:DIGEST",
      "runtime.model is not set: the server must know which of the runtime's models to ask for. Mend it with: pulumi config set runtime.model resnet50",
    ],
  },
  {
    title: "settings of a runtime that is not there",
    stack: "eastus",
    overrides: {
      "runtime.image": "registry.example.com/r:1",
      "runtime.model": "resnet50",
      "runtime.modelFolder": "/models",
      "runtime.modelConfig": "dynamic_batching { }",
      "runtime.args": ["--log-verbose=1"],
    },
    lines: [
      'runtime.image is "registry.example.com/r:1": runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out. Mend it with: pulumi config set runtime.kind triton',
      'runtime.model is "resnet50": runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out. Mend it with: pulumi config set runtime.kind triton',
      'runtime.modelFolder is "/models": runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out. Mend it with: pulumi config set runtime.kind triton',
      'runtime.modelConfig is "dynamic_batching { }": runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out. Mend it with: pulumi config set runtime.kind triton',
      'runtime.args is ["--log-verbose=1"]: runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out. Mend it with: pulumi config set runtime.kind triton',
    ],
  },
  {
    title: "a config.pbtxt for another runtime than Triton",
    stack: "westeurope",
    overrides: { "runtime.modelConfig": "dynamic_batching { }" },
    lines: [
      'runtime.modelConfig is "dynamic_batching { }": only Triton reads a config.pbtxt. Mend it with: pulumi config set runtime.modelConfig ""',
    ],
  },
  {
    title: "a model folder for Triton",
    stack: "eastus",
    overrides: { ...triton, "runtime.modelFolder": "/srv/models" },
    lines: [
      'runtime.modelFolder is "/srv/models": Triton\'s model repository has its place already. Mend it with: pulumi config set runtime.modelFolder ""',
    ],
  },
  {
    title: "a model folder that is no absolute path",
    stack: "westeurope",
    overrides: { "runtime.modelFolder": "models" },
    lines: [
      'runtime.modelFolder is "models": it must be empty or the absolute path of a folder. Mend it with: pulumi config set runtime.modelFolder /models',
    ],
  },
  {
    title: "a runtime on the server's own port",
    stack: "westeurope",
    overrides: { "runtime.port": 50051 },
    lines: [
      "runtime.port is 50051: the containers of a pod share their ports, and 5001, 5002, 50051 are taken. Mend it with: pulumi config set runtime.port 8001",
    ],
  },
  {
    title: "Triton's gRPC on the port of its metrics",
    stack: "eastus",
    overrides: { ...triton, "runtime.port": 8002 },
    lines: [
      "runtime.port is 8002: the containers of a pod share their ports, and 5001, 5002, 50051, 8000, 8002 are taken. Mend it with: pulumi config set runtime.port 8001",
    ],
  },
  {
    title: "a server and a runtime that together need more cores than a node has",
    stack: "eastus",
    overrides: { ...triton, "runtime.cpuCores": "2", cpuCores: "2" },
    lines: [
      'cpuCores is "2": a node of Standard_NC4as_T4_v3 has 4 cores, of which AKS leaves about 1.46 to the service beside the runtime\'s 2. Mend it with: pulumi config set cpuCores 1.4',
    ],
  },
  {
    title: "a server and a runtime that together need more memory than a node has",
    stack: "eastus",
    overrides: { ...triton, "runtime.memoryGb": "24" },
    lines: [
      'memoryGb is "4": a node of Standard_NC4as_T4_v3 has 28 GB, of which AKS leaves about 2.45 to the service beside the runtime\'s 24. Mend it with: pulumi config set memoryGb 2.4',
    ],
  },
  {
    title: "more replicas with their runtimes than fit by cores",
    stack: "westus2",
    overrides: {
      ...triton,
      "runtime.cpuCores": "1",
      "runtime.memoryGb": "4",
      cpuCores: "1",
      vmSize: "Standard_D8s_v5",
      "autoscale.maxReplicas": 10,
    },
    lines: [
      "replicas is 10: 3 fit on a node of Standard_D8s_v5 with 1 cores and 4 GB each, and 1 and 4 of the runtime, so 3 nodes hold 9. Mend it with: pulumi config set replicas 9",
    ],
  },
];
