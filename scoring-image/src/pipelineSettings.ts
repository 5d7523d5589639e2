import os from "node:os";
import path from "node:path";
import { endedVariables, variables } from "./contract";
import type { MachineLimits } from "./machineLimits";
import type { pipelineDefinitions } from "./pipelineDefinitions";
import type { ValuesOf } from "./settingsForms";

/** The settings of a picture's way as their schemas read them. */
export type PipelineValues = ValuesOf<typeof pipelineDefinitions>;

/** In which batches the model runs. */
export interface BatchSizes {
  /** Pictures in one run, ascending; at least one size. */
  readonly sizes: readonly [number, ...number[]];
  /**
   * True when nobody has asked for these sizes, so that a model or a card that cannot take them all
   * may have fewer.
   */
  readonly isDefault: boolean;
}

/** The settings of a picture's way, with what was left to the server worked out. */
export interface PipelineSettings {
  readonly batchSizes: BatchSizes;
  /** Threads that each keep one run, or one call to the runtime, going; at least 1. */
  readonly lanes: number;
  /** Threads that turn pictures into rows; with 0 each lane decodes its own pictures. */
  readonly decodeThreads: number;
  /** Most bytes of the GPU's memory that the model may take; undefined for the whole card. */
  readonly gpuMemoryLimit: number | undefined;
  /** Folder in which TensorRT keeps its engines. */
  readonly engineCacheDir: string;
  /** Pictures that may wait for a run. */
  readonly maxQueueSize: number;
  /** Bytes of pictures that may wait for a run. */
  readonly maxQueueBytes: number;
}

/** A GPU's throughput grows with the batch: each size is a shape of its own, twice the last. */
const gpuSizes = [1, 2, 4, 8, 16, 32, 64] as const;

/**
 * Cores of a GPU's server that decode nothing, for the event loop and the lanes: of four cores these leave most of one idle,
 * of sixteen they need two.
 */
const coresBesideDecoding = (cores: number) => (cores < 8 ? 1 : 2);

type Place = "cpu" | "gpu" | "runtime";

const placeOf = ({ executionProvider, runtimeAddress }: PipelineValues): Place =>
  runtimeAddress !== undefined ? "runtime" : executionProvider === "cpu" ? "cpu" : "gpu";

/** Works out what was left to the server. @param limits what this process may use of the machine */
export function resolvePipeline(values: PipelineValues, limits: MachineLimits): PipelineSettings {
  const place = placeOf(values);
  const batchSizes = batchSizesFor(place, values.batchSizes);
  const lanes = values.lanes || lanesFor(place, values.threadsPerLane, limits);
  const largest = Math.max(...batchSizes.sizes);
  return {
    batchSizes,
    lanes,
    decodeThreads:
      values.decodeThreads ?? decodeThreadsFor(place, lanes * largest, Math.floor(limits.cores)),
    gpuMemoryLimit: values.gpuMemoryLimit || undefined,
    engineCacheDir: values.engineCacheDir ?? path.join(os.tmpdir(), "tensorrt"),
    maxQueueSize: values.maxQueueSize || Math.max(64, 8 * largest * lanes),
    maxQueueBytes: values.maxQueueBytes || Math.floor(limits.memoryBytes / 8),
  };
}

function batchSizesFor(place: Place, asked: readonly number[] | undefined): BatchSizes {
  const [first, ...others] = asked ?? (place === "gpu" ? gpuSizes : []);
  return { sizes: [first ?? 1, ...others], isDefault: asked === undefined };
}

/** A GPU works for one lane while the other one writes answers and brings the next rows, and an FPGA takes one call at a time. */
const lanesFor = (place: Place, threadsPerLane: number, { cores }: MachineLimits) =>
  place === "cpu" ? Math.max(1, Math.floor(cores / threadsPerLane)) : place === "gpu" ? 2 : 1;

/**
 * On a CPU the lanes have the cores already. A runtime that takes one picture at a time leaves its
 * lane the time to decode.
 * @param picturesAtOnce most pictures that run at the same time
 */
function decodeThreadsFor(place: Place, picturesAtOnce: number, cores: number): number {
  if (place === "cpu" || (place === "runtime" && picturesAtOnce === 1)) return 0;
  return Math.max(1, place === "gpu" ? cores - coresBesideDecoding(cores) : cores);
}

/**
 * A runtime beside the server decides where its model runs, only a runtime has models to choose
 * from, and only a GPU memory to limit.
 */
export function pipelineProblems(values: PipelineValues): string[] {
  const { runtimeAddress, runtimeModel, executionProvider, gpuMemoryLimit } = values;
  const problems: string[] = [];
  if (runtimeModel && !runtimeAddress) {
    problems.push(
      `RUNTIME_MODEL is "${runtimeModel}" without RUNTIME_ADDRESS: set both, or neither to run the model in this process`,
    );
  }
  if (runtimeAddress && executionProvider && executionProvider !== "cpu") {
    problems.push(
      `EXECUTION_PROVIDER is "${executionProvider}", but with RUNTIME_ADDRESS the runtime decides where the model runs: remove one of them`,
    );
  } else if (gpuMemoryLimit && executionProvider && placeOf(values) !== "gpu") {
    problems.push(
      `${variables.gpuMemoryLimit} is ${gpuMemoryLimit}, but the model runs on no GPU of this process: remove it, or set EXECUTION_PROVIDER to cuda or tensorrt`,
    );
  }
  return problems;
}

/** One line for each variable that has ended and is still set. */
export const endedProblems = (env: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(endedVariables)
    .filter(([ended]) => env[ended])
    .map(([ended, successor]) => `${ended} is set, but has ended: set ${successor}`);
