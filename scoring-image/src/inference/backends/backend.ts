import type { TensorData } from "../../imaging/tensorWriter";
import type { Graph } from "../../model/graph";
import type { OutputTensor } from "../messages";
import type { SessionPlan } from "../sessionPlan";

/** Whether batches can be run: yes, by a model with these inputs and outputs; or no, and why not. */
export type Availability = { readonly graph: Graph } | { readonly reason: string };

/** How long those whose pictures are in a batch will wait for it. */
export interface Patience {
  /** Time from now in milliseconds after which no answer is wanted. */
  readonly timeoutMs: number;
  /** Aborted when all of them have gone. */
  readonly signal: AbortSignal;
}

/** What runs batch tensors for a session worker: ONNX Runtime in this process, or a runtime beside it. Nothing outside of this folder tells them apart. */
export interface InferenceBackend {
  /** Calls the listener with the present state and then with every other one. A session in this process is always available. */
  watch(listener: (availability: Availability) => void): void;
  /**
   * Runs a batch. Call only when the previous run has settled.
   * @param data the batch tensor's values, `count` pictures long; not kept after the run
   * @returns for each picture its outputs in the plan's order, in memory of their own
   * @throws ScoringError NOT_READY, QUEUE_FULL, DEADLINE_EXCEEDED or CANCELLED, where a runtime beside this process is waited for; Error when the model fails
   */
  run(data: TensorData, count: number, patience: Patience): Promise<OutputTensor[][]>;
  /**
   * Called once, after the warm-up.
   * @throws Error when the model did not run where it was asked to run
   */
  verify(): void;
  close(): void;
}

/**
 * Opens what the plan asks for. Each backend is loaded by need: a service with a runtime beside it never loads ONNX Runtime.
 * @throws Error why ONNX Runtime refused the model
 */
export async function openBackend(plan: SessionPlan): Promise<InferenceBackend> {
  if (plan.backend.kind === "onnxRuntime") {
    const { OnnxRuntimeBackend } = await import("./onnxRuntime.js");
    return OnnxRuntimeBackend.open(plan, plan.backend);
  }
  const { OpenInferenceBackend } = await import("./openInference/openInferenceBackend.js");
  return new OpenInferenceBackend(plan, plan.backend);
}
