import type { Graph } from "../../../model/graph";
import type { OnnxRuntimePlan } from "./onnxRuntimePlan";

/** What all lanes share of a model on a GPU: addresses of what `OpenedModel` owns. */
export interface DeviceSessions {
  readonly kind: "device";
  /** Session of each size, ascending; one session may stand for several sizes. */
  readonly sessions: readonly { readonly size: number; readonly session: bigint }[];
  /** True when each size is a captured CUDA graph. */
  readonly isCaptured: boolean;
  /** True when the shapes of all outputs are known before a run. */
  readonly hasFixedShapes: boolean;
  /**
   * Session that turns rows of pictures into the declared input; undefined where they are the same.
   */
  readonly prefix: bigint | undefined;
  /** The `cudaStream_t` that the sessions' work goes to. */
  readonly stream: bigint;
  /** Free bytes of the device before anything was opened. */
  readonly freeBefore: number;
  /** Memory of the `Turn` that lanes take to append to the stream. */
  readonly turn: SharedArrayBuffer;
}

/** What all lanes share of a model on the CPU. */
export interface HostSession {
  readonly kind: "host";
  readonly session: bigint;
}

/**
 * What a lane's thread is started with (`workerData`); can be cloned, and is good while the model
 * is open.
 */
export interface LaneHandle {
  /** The lane's number, from 1; no other lane of the process has it, ended ones included. */
  readonly number: number;
  readonly plan: OnnxRuntimePlan;
  readonly graph: Graph;
  readonly sessions: HostSession | DeviceSessions;
  /** Memory of the lane's `RunGate`. */
  readonly gate: SharedArrayBuffer;
  /** The lane's `OrtRunOptions`, whose termination ends its run. */
  readonly runOptions: bigint;
}
