import type { Graph } from "../../model/graph";
import type { OutputTensor } from "../tensors";

/**
 * Whether batches can be run: yes, by a model with these inputs and outputs; or no, and why not.
 */
export type Availability = { readonly graph: Graph } | { readonly reason: string };

/** How long those whose pictures are in a batch will wait for it. */
export interface Patience {
  /** Time from now in milliseconds after which no answer is wanted. */
  readonly timeoutMs: number;
  /** Aborted when all of them have gone. */
  readonly signal: AbortSignal;
}

/** A run that can be ended from another thread: by its number, from 1 to 2147483646. */
export interface NumberedRun {
  readonly id: number;
}

/** The values of one row of a batch: float32, uint8, or the bits of float16. */
export type RowData = Float32Array | Uint8Array | Uint16Array;

/** One row of a batch; its memory is not written to while the batch runs, nor kept after it. */
export interface BatchRow {
  readonly data: RowData;
  /**
   * Format of the values: what decoding a picture makes, or the model's input as it is declared.
   */
  readonly from: "picture" | "tensor";
}

/**
 * What a lane runs batches with: ONNX Runtime in this process, or a runtime beside it. Nothing
 * outside of this folder tells them apart.
 */
export interface Runtime {
  /**
   * True when `run` computes in the calling thread: its lane may then wait for orders without an
   * event loop.
   */
  readonly isBlocking: boolean;
  /** Numbers of rows that are run, ascending; final once `warmUp` has returned. */
  readonly sizes: readonly number[];
  /**
   * Calls the listener with the present state and then with every other one. A session in this
   * process is always available.
   */
  watch(listener: (availability: Availability) => void): void;
  /**
   * Runs 1 to the largest size of rows, padded to the next size. Call only when the previous run
   * has settled.
   * @returns for each row its outputs in the plan's order; in this process they are views of the
   * runtime's memory, which the next run writes over, otherwise memory of their own
   * @throws ScoringError CANCELLED when the run was ended; NOT_READY, QUEUE_FULL or
   * DEADLINE_EXCEEDED, where a runtime beside this process is waited for; Error when the model
   * fails
   */
  run(
    rows: readonly BatchRow[],
    patience: Patience & NumberedRun,
  ): OutputTensor[][] | Promise<OutputTensor[][]>;
  /**
   * Compiles and runs every size.
   * @throws Error when a size that was asked for does not fit into the device's memory, or the
   * device fails
   */
  warmUp(): void | Promise<void>;
  /** Told of memory that rows will lie in, where the device can then read it by itself. */
  pin?(memory: SharedArrayBuffer): void;
  /**
   * What was made ready, for one line of the log: sizes, and memory where it is the device's own.
   */
  describe(): string;
  /** Frees what the runtime holds; a run after it throws. */
  close(): void;
}

/** A runtime that computes in the calling thread. */
export interface BlockingRuntime extends Runtime {
  readonly isBlocking: true;
  run(rows: readonly BatchRow[], patience: Patience & NumberedRun): OutputTensor[][];
  warmUp(): void;
}
