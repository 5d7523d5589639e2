import { z } from "zod";
import { isRuntimeAddress, runtimeAddressRule } from "./inference/runtimes/openInference/address";
import { executionProviders } from "./inference/runtimes/onnxRuntime/onnxRuntimePlan";
import { batchSizes, define, file, milliseconds, text, whole } from "./settingsForms";

/**
 * The settings of a picture's way to its scores: what runs the model, in which batches, by how many
 * threads, and what may wait. What the defaults of 0 and of nothing stand for is worked out in
 * `pipelineSettings.ts`.
 */
export const pipelineDefinitions = {
  runtimeAddress: define(
    undefined,
    "Where a runtime on this machine that runs the model listens for the Open Inference Protocol's gRPC, `host:port` or `unix:/path`; ONNX Runtime in this process unless set",
    text.refine(isRuntimeAddress, { error: runtimeAddressRule }).optional(),
  ),
  runtimeModel: define(
    undefined,
    "The model's name in that runtime; the package's name unless set",
    text.optional(),
  ),
  executionProvider: define(
    "cpu",
    "Where the model runs: `cpu`, or in the CUDA image `cuda` or `tensorrt`; the server refuses to start rather than fall back",
    z.enum(executionProviders, "must be cpu, cuda or tensorrt"),
  ),
  engineCacheDir: define(
    undefined,
    "Folder in which `tensorrt` keeps its engines; `tensorrt` in the folder for temporary files unless set",
    file,
  ),
  gpuMemoryLimit: define(
    "0",
    "Most bytes of the GPU's memory that the model may take; 0 takes the whole card",
    whole(0, 2 ** 40),
  ),
  batchSizes: define(
    undefined,
    "Numbers of pictures in one run, ascending, separated by commas; a batch is filled up to the next of them. Unless set 1, on a GPU 1,2,4,8,16,32,64 as far as its memory allows",
    batchSizes.optional(),
  ),
  lanes: define(
    "0",
    "Threads that each keep one run going, or one call to the runtime; 0 takes cores / `THREADS_PER_LANE` within the container's limits, 2 on a GPU, 1 with a runtime",
    whole(0, 256),
  ),
  threadsPerLane: define("1", "Threads of each run on a CPU", whole(1, 256)),
  decodeThreads: define(
    undefined,
    "Threads that turn pictures into rows of the input tensor; with 0 each lane decodes its own pictures. Unless set 0 on a CPU, cores - 2 on a GPU (cores - 1 of fewer than 8), and the cores with a runtime that takes batches or several calls",
    whole(0, 256).optional(),
  ),
  scriptThreads: define(
    "0",
    "Threads of the package's entry script; 0 takes one more than pictures that run at once",
    whole(0, 256),
  ),
  maxImagesPerRequest: define(
    "64",
    "Largest number of pictures, or rows of a tensor, in one request",
    whole(1, 100_000),
  ),
  maxBatchDelayMs: define(
    "0",
    "How long a picture may wait for others to fill its batch",
    milliseconds,
  ),
  maxQueueSize: define(
    "0",
    "Pictures that may wait for a run; more are refused with 503. 0 takes 64, or 8 times the largest batch of all lanes where that is more",
    whole(0, 100_000),
  ),
  maxQueueBytes: define(
    "0",
    "Bytes of pictures that may wait for a run; 0 takes an eighth of the memory limit",
    whole(0, 2 ** 40),
  ),
  maxQueueWaitMs: define("500", "Longest wait for a run; then 503", milliseconds),
} as const;
