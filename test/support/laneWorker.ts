/**
 * A lane in a thread of its own: says "ready", then runs each row it is sent and answers with the
 * first output, or why not.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ScoringError } from "../../scoring-image/src/errors";
import type { LaneHandle } from "../../scoring-image/src/inference/runtimes/onnxRuntime/laneHandle";
import { openLane } from "../../scoring-image/src/inference/runtimes/onnxRuntime/laneRuntime";
import { runRows } from "./lanes";

/** What the worker answers. */
export type LaneAnswer = { readonly values: number[] } | { readonly error: string };

const runtime = openLane(workerData as LaneHandle);
runtime.warmUp();
parentPort?.on("message", (rows: readonly Float32Array[]) => {
  parentPort?.postMessage(answerTo(rows));
});
parentPort?.postMessage("ready");

function answerTo(rows: readonly Float32Array[]): LaneAnswer {
  try {
    return {
      values: runRows(runtime, rows).flatMap(([first]) => [...(first?.data ?? [])].map(Number)),
    };
  } catch (error) {
    return { error: error instanceof ScoringError ? error.code : String(error) };
  }
}
