import type { InferencePlan } from "../plan";
import type { ThreadSetUp } from "../threads/setUp";
import type { RuntimeHost } from "./host";
import type { LaneHandle } from "./onnxRuntime/laneHandle";
import type { Runtime } from "./runtime";

/** Opens what a lane runs batches with, in the lane's thread. @throws Error why it cannot be opened */
export type OpenRuntime = (plan: InferencePlan, setUp: ThreadSetUp) => Promise<Runtime>;

/** Opens what all lanes share, on the event loop. @throws Error why ONNX Runtime refused the model */
export type OpenHost = (plan: InferencePlan) => Promise<RuntimeHost>;

/** Each runtime is loaded by need: a service with a runtime beside it never loads ONNX Runtime. */
export const openRuntime: OpenRuntime = async ({ runtime }, { runtime: handle }) => {
  if (runtime.kind === "onnxRuntime") {
    const { openLane } = await import("./onnxRuntime/laneRuntime.js");
    return openLane(handle as LaneHandle);
  }
  const { OpenInferenceRuntime } = await import("./openInference/openInferenceRuntime.js");
  return new OpenInferenceRuntime(runtime);
};

export const openHost: OpenHost = async ({ runtime }) => {
  if (runtime.kind === "onnxRuntime") {
    const { openOnnxHost } = await import("./onnxRuntime/host.js");
    return openOnnxHost(runtime);
  }
  return { handleOf: () => undefined, cancel: () => undefined, close: () => Promise.resolve() };
};
