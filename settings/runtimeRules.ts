import { runtimePorts } from "../components/pod/inferenceRuntime";
import { defaultPorts, grpcPort } from "../scoring-image/src/contract";
import type { Values } from "./definitions";
import { problem, type Findings } from "./problems";

/**
 * Triton with the CUDA that our own image has too (13.0.2, `image.cudaBase`), so that what drives the one drives the other;
 * https://docs.nvidia.com/deeplearning/frameworks/support-matrix/index.html
 */
const tritonImage = "nvcr.io/nvidia/tritonserver:25.10-py3";

/** Image of the runtime beside the server; undefined where there is none. */
export const runtimeImageOf = (
  values: Pick<Values, "runtime.kind" | "runtime.image">,
): string | undefined =>
  values["runtime.image"] ?? (values["runtime.kind"] === "triton" ? tritonImage : undefined);

/** Rules on the runtime beside the server, which drives the FPGA or stands in for the server's own ONNX Runtime. */
export function runtimeRules(values: Values): Findings {
  const { accelerator } = values;
  const kind = values["runtime.kind"];
  return {
    problems: [
      ...(accelerator === "fpga" ? fpgaProblems(values) : unusedFpgaProblems(values)),
      ...(kind === "none" ? unusedProblems(values) : requiredProblems(values)),
      ...(kind === "none" ? [] : portProblems(values)),
    ],
    notices: [
      ...(accelerator === "fpga"
        ? [
            "FPGA: nothing of this has ever run on a card here: neither the driver installer, the device plugin nor a runtime; the server's side of the protocol was tried with runtimes on a CPU.",
          ]
        : []),
      ...(kind === "triton"
        ? [
            "runtime.kind is triton: what starts Triton has been checked against Kubernetes's rules only; it has not run on a GPU here.",
          ]
        : []),
    ],
  };
}

function fpgaProblems(values: Values): string[] {
  const found: string[] = [];
  if (values["fpga.resourceName"] === undefined) {
    found.push(
      problem(
        "fpga.resourceName",
        undefined,
        "the FPGA's Kubernetes resource name depends on its shell and plugin, so it must be named; see it with: kubectl get nodes -o jsonpath={.items[*].status.allocatable}",
        "fpga.resourceName amd.com/xilinx_u250_gen3x16_xdma_2_1_202010_1",
      ),
    );
  }
  if (values["runtime.kind"] !== "openInference") {
    found.push(
      problem(
        "runtime.kind",
        values["runtime.kind"],
        "neither ONNX Runtime's package on npm nor Triton drives an FPGA: the service needs a runtime beside it that speaks the Open Inference Protocol and holds the bitstream",
        "runtime.kind openInference",
      ),
    );
  }
  if (values.gpuCores !== 1) {
    found.push(
      problem(
        "gpuCores",
        values.gpuCores,
        "one model runs on one FPGA; more FPGAs take more replicas",
        "gpuCores 1",
      ),
    );
  }
  if (values.target !== "azure" && values["fpga.driverInstallerImage"] !== undefined) {
    found.push(
      problem(
        "fpga.driverInstallerImage",
        values["fpga.driverInstallerImage"],
        "the cluster exists already, and whoever runs it installs driver and device plugin",
        'fpga.driverInstallerImage ""',
      ),
    );
  }
  return found;
}

function unusedFpgaProblems(values: Values): string[] {
  const keys = ["fpga.resourceName", "fpga.driverInstallerImage"] as const;
  return keys
    .filter((key) => values[key] !== undefined)
    .map((key) =>
      problem(
        key,
        values[key],
        `accelerator is ${values.accelerator}, and only an FPGA has a use for it`,
        `${key} ""`,
      ),
    );
}

/** A setting of a runtime that is not there would silently do nothing. */
function unusedProblems(values: Values): string[] {
  const keys = ["runtime.image", "runtime.model", "runtime.modelFolder", "runtime.modelConfig"];
  const set = (keys as (keyof Values)[]).filter((key) => values[key] !== undefined);
  if (values["runtime.args"].length > 0) set.push("runtime.args");
  return set.map((key) =>
    problem(
      key,
      values[key],
      "runtime.kind is none, so the model runs inside the server; name the runtime, or take this setting out",
      "runtime.kind triton",
    ),
  );
}

function requiredProblems(values: Values): string[] {
  const triton = values["runtime.kind"] === "triton";
  const found: string[] = [];
  if (runtimeImageOf(values) === undefined) {
    found.push(
      problem(
        "runtime.image",
        undefined,
        "the service needs the image of a runtime that speaks the Open Inference Protocol over gRPC",
        "runtime.image registry.example.com/fpga-runtime@sha256:DIGEST",
      ),
    );
  }
  if (!triton && values["runtime.model"] === undefined) {
    found.push(
      problem(
        "runtime.model",
        undefined,
        "the server must know which of the runtime's models to ask for",
        "runtime.model resnet50",
      ),
    );
  }
  if (!triton && values["runtime.modelConfig"] !== undefined) {
    found.push(
      problem(
        "runtime.modelConfig",
        values["runtime.modelConfig"],
        "only Triton reads a config.pbtxt",
        'runtime.modelConfig ""',
      ),
    );
  }
  if (triton && values["runtime.modelFolder"] !== undefined) {
    found.push(
      problem(
        "runtime.modelFolder",
        values["runtime.modelFolder"],
        "Triton's model repository has its place already",
        'runtime.modelFolder ""',
      ),
    );
  }
  return found;
}

function portProblems(values: Values): string[] {
  const port = values["runtime.port"];
  const taken: readonly number[] = [
    defaultPorts.scoring,
    defaultPorts.metrics,
    grpcPort,
    ...(values["runtime.kind"] === "triton" ? [runtimePorts.http, runtimePorts.metrics] : []),
  ];
  return taken.includes(port)
    ? [
        problem(
          "runtime.port",
          port,
          `the containers of a pod share their ports, and ${taken.join(", ")} are taken`,
          "runtime.port 8001",
        ),
      ]
    : [];
}
