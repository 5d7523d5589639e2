import type { ProviderOptions } from "./native/session";
import { batchDims, type OnnxRuntimePlan } from "./onnxRuntimePlan";

/**
 * Options of the CUDA provider,
 * https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
 * @param isCaptured whether runs become CUDA graphs
 */
export const cudaOptions = (
  { gpuMemoryLimit }: Pick<OnnxRuntimePlan, "gpuMemoryLimit">,
  isCaptured: boolean,
): Record<string, string> => ({
  device_id: "0",
  // Powers of two would take up to twice what the ladder needs.
  arena_extend_strategy: "kSameAsRequested",
  // What exhaustive search finds is no faster, and it takes seconds for each size.
  cudnn_conv_algo_search: "HEURISTIC",
  prefer_nhwc: "1",
  use_tf32: "1",
  enable_cuda_graph: isCaptured ? "1" : "0",
  ...(gpuMemoryLimit === undefined ? {} : { gpu_mem_limit: String(gpuMemoryLimit) }),
});

/**
 * Options of the TensorRT provider,
 * https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html One engine for
 * the whole ladder, kept on disk so that only the first start builds it.
 * @throws Error when the plan names no folder for engines
 */
export function tensorRtOptions(plan: OnnxRuntimePlan): Record<string, string> {
  const { engineCacheFolder, input, transform, sizes, gpuMemoryLimit } = plan;
  if (engineCacheFolder === undefined) throw new Error("TensorRT needs a folder for its engines");
  const shape = (size: number) => `${input.name}:${batchDims(transform, size).join("x")}`;
  const [smallest, largest] = [sizes[0] as number, sizes.at(-1) as number];
  return {
    device_id: "0",
    trt_engine_cache_enable: "1",
    trt_engine_cache_path: engineCacheFolder,
    trt_timing_cache_enable: "1",
    trt_timing_cache_path: engineCacheFolder,
    trt_profile_min_shapes: shape(smallest),
    trt_profile_opt_shapes: shape(largest),
    trt_profile_max_shapes: shape(largest),
    ...(gpuMemoryLimit === undefined ? {} : { trt_max_workspace_size: String(gpuMemoryLimit) }),
  };
}

/**
 * The providers that a model is opened with, in the order of preference.
 * @param stream a
 * `cudaStream_t`
 */
export function providersOf(
  plan: OnnxRuntimePlan,
  stream: bigint,
  isCaptured: boolean,
): ProviderOptions[] {
  if (plan.executionProvider === "cpu") return [];
  const cuda = { provider: "CUDA", options: cudaOptions(plan, isCaptured), stream } as const;
  if (plan.executionProvider === "cuda") return [cuda];
  return [{ provider: "TensorRT", options: tensorRtOptions(plan), stream }, cuda];
}
