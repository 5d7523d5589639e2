import type { NativeMemory } from "./native/nativeMemory";
import type { OnnxRuntime } from "./native/onnxRuntime";
import type { OnnxRuntimePlan } from "./onnxRuntimePlan";

/** What the sessions of a model are opened with. */
export interface Opening {
  readonly runtime: OnnxRuntime;
  /** Owns the sessions. */
  readonly memory: NativeMemory;
  readonly environment: bigint;
  readonly plan: OnnxRuntimePlan;
}
