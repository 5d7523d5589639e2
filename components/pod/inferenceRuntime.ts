import type { core } from "@pulumi/kubernetes/types/input";
import { deviceQuantity, megabytes, pulled, securityContext } from "./containers";
import type { Pipeline } from "./pipelineEnvironment";
import type { InferenceRuntime, ServicePodArgs } from "./podArgs";

/** Ports of Triton beside gRPC: health over HTTP, and metrics. */
export const runtimePorts = { http: 8000, metrics: 8002 } as const;

const repository = "/models";

/** Copies the package out of our own image, which alone has it, to where the runtime looks for it. */
export const copyModel = [
  'const { cpSync, writeFileSync } = require("node:fs");',
  "const { MODEL_DIR, TARGET, MODEL_CONFIG, CONFIG_FILE } = process.env;",
  "cpSync(MODEL_DIR, TARGET, { recursive: true });",
  "if (CONFIG_FILE) writeFileSync(CONFIG_FILE, MODEL_CONFIG);",
].join("\n");

/**
 * What Triton is told of the model; the rest it reads from the ONNX file itself. Named, so that it does not guess by the file;
 * bound to GPU or CPU, since Triton by itself falls back to the CPU on a node without a usable GPU.
 */
export function tritonConfig(
  { model, modelConfig = "" }: Pick<InferenceRuntime, "model" | "modelConfig">,
  accelerator: ServicePodArgs["accelerator"],
): string {
  const lines = [`name: "${model}"`, 'backend: "onnxruntime"'];
  if (!/^\s*instance_group\b/m.test(modelConfig)) {
    lines.push(
      `instance_group [ { count: 1, kind: KIND_${accelerator === "gpu" ? "GPU" : "CPU"} } ]`,
    );
  }
  if (modelConfig !== "") lines.push(modelConfig.trimEnd());
  return `${lines.join("\n")}\n`;
}

/** Where the package is mounted in the runtime; undefined where its image has the model. */
const mountPath = ({ kind, modelFolder }: InferenceRuntime) =>
  kind === "triton" ? repository : modelFolder;

/** The runtime and what must run before it, in the order in which Kubernetes starts them. */
export function runtimeContainers(args: ServicePodArgs): core.v1.Container[] {
  const { runtime } = args;
  if (!runtime) return [];
  return [
    ...(mountPath(runtime) === undefined ? [] : [modelContainer(args, runtime)]),
    sidecar(args, runtime),
  ];
}

/** Volumes of the runtime, none of which the server shares. */
export function runtimeVolumes({ runtime }: ServicePodArgs): core.v1.Volume[] {
  if (!runtime) return [];
  return [
    { name: "runtime-tmp", emptyDir: { sizeLimit: "4G" } },
    ...(mountPath(runtime) === undefined ? [] : [{ name: "model", emptyDir: {} }]),
  ];
}

function modelContainer(args: ServicePodArgs, runtime: InferenceRuntime): core.v1.Container {
  const triton = runtime.kind === "triton";
  const folder = `${repository}/${runtime.model}`;
  const env = triton
    ? [
        // Triton's layout: NAME/VERSION/model.onnx, and NAME/config.pbtxt.
        { name: "TARGET", value: `${folder}/1` },
        { name: "CONFIG_FILE", value: `${folder}/config.pbtxt` },
        { name: "MODEL_CONFIG", value: tritonConfig(runtime, args.accelerator) },
      ]
    : [{ name: "TARGET", value: repository }];
  return {
    name: "model",
    image: args.image,
    ...pulled(args.pullPolicy),
    command: ["node", "-e", copyModel],
    env,
    resources: {
      requests: { cpu: "100m", memory: "128M" },
      limits: { cpu: "1", memory: "256M" },
    },
    securityContext,
    volumeMounts: [{ name: "model", mountPath: repository }],
  };
}

/** A sidecar as Kubernetes 1.29 has them: it starts before the server and ends after it. */
function sidecar(args: ServicePodArgs, runtime: InferenceRuntime): core.v1.Container {
  const folder = mountPath(runtime);
  const resources = {
    cpu: String(runtime.cpuCores),
    memory: megabytes(runtime.memoryGb),
    ...deviceQuantity(args.device),
  };
  return {
    name: "runtime",
    image: runtime.image,
    ...pulled(args.pullPolicy),
    restartPolicy: "Always",
    ...(runtime.kind === "triton" ? triton(runtime, args.pipeline) : openInference(runtime)),
    resources: { requests: resources, limits: resources },
    securityContext,
    volumeMounts: [
      { name: "runtime-tmp", mountPath: "/tmp" },
      ...(folder === undefined ? [] : [{ name: "model", mountPath: folder, readOnly: true }]),
    ],
  };
}

/** Ten minutes to load: the reference said up to five for a bitstream, and TensorRT builds its engine as long. */
const start = { periodSeconds: 10, failureThreshold: 60 };

function triton(runtime: InferenceRuntime, pipeline: Pipeline): Partial<core.v1.Container> {
  const { port, args } = runtime;
  const probe = (path: string) => ({ httpGet: { path, port: "runtime-http" }, timeoutSeconds: 2 });
  return {
    args: [
      "tritonserver",
      `--model-repository=${repository}`,
      `--grpc-port=${port}`,
      `--http-port=${runtimePorts.http}`,
      `--metrics-port=${runtimePorts.metrics}`,
      // A model that cannot be loaded as asked for ends the container, with the reason in its log.
      "--exit-on-error=true",
      ...batchBound(runtime, pipeline),
      ...args,
    ],
    ports: [
      { name: "runtime", containerPort: port },
      { name: "runtime-http", containerPort: runtimePorts.http },
      { name: "runtime-metrics", containerPort: runtimePorts.metrics },
    ],
    startupProbe: { ...probe("/v2/health/ready"), ...start },
    livenessProbe: { ...probe("/v2/health/live"), periodSeconds: 10, failureThreshold: 3 },
  };
}

/** Triton's own default, for whom it may form batches of the calls that wait. */
const tritonBatch = 4;

/**
 * What Triton takes in one call, of a model whose batch is free: the server's largest batch and no
 * more, or it would join calls to batches of sizes that nobody has warmed up. A `max_batch_size` of
 * `runtime.modelConfig` goes first, and its `dynamic_batching` asks for just that.
 * See
 * https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md,
 * "Default Max Batch Size".
 */
function batchBound({ modelConfig = "" }: InferenceRuntime, { batchSizes = [] }: Pipeline) {
  if (/^\s*max_batch_size\b/m.test(modelConfig)) return [];
  const least = /\bdynamic_batching\b/.test(modelConfig) ? tritonBatch : 1;
  return [`--backend-config=onnxruntime,default-max-batch-size=${Math.max(least, ...batchSizes)}`];
}

/** Nothing is known of such a runtime but its port; whether it is ready, the server asks it itself. */
function openInference({ port, args }: InferenceRuntime): Partial<core.v1.Container> {
  const tcpSocket = { port: "runtime" };
  return {
    ...(args.length > 0 ? { args: [...args] } : {}),
    ports: [{ name: "runtime", containerPort: port }],
    startupProbe: { tcpSocket, ...start },
    livenessProbe: { tcpSocket, periodSeconds: 10, failureThreshold: 3 },
  };
}
