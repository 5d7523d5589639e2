import { variables } from "../../scoring-image/src/contract";

/** What a stack says of a picture's way to its scores. */
export interface Pipeline {
  /** Pictures in one run, ascending; undefined for what the server takes by itself. */
  readonly batchSizes: readonly number[] | undefined;
  /** How long a picture may wait for others, in milliseconds. */
  readonly maxBatchDelayMs: number;
  /** Runs, or calls to the runtime, under way at once; 0 for as many as fit. */
  readonly lanes: number;
  /** Undefined for what the server takes by its cores. */
  readonly decodeThreads: number | undefined;
  /** GB of the GPU's memory; undefined for all of it. */
  readonly gpuMemoryLimit: number | undefined;
}

/** The server's environment for it; what the stack leaves open is left to the server. */
export function pipelineEnvironment(pipeline: Pipeline): Record<string, string> {
  const { batchSizes, maxBatchDelayMs, lanes, decodeThreads, gpuMemoryLimit } = pipeline;
  return {
    ...(batchSizes ? { [variables.batchSizes]: batchSizes.join(",") } : {}),
    [variables.maxBatchDelayMs]: String(maxBatchDelayMs),
    [variables.lanes]: String(lanes),
    ...(decodeThreads === undefined ? {} : { [variables.decodeThreads]: String(decodeThreads) }),
    ...(gpuMemoryLimit === undefined
      ? {}
      : { [variables.gpuMemoryLimit]: String(Math.round(gpuMemoryLimit * 1e9)) }),
  };
}
