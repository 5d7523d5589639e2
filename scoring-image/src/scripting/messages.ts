import type { ErrorCode } from "../errors";
import type { ScriptModel, ScriptTensor } from "./api";

/** What a script's thread is started with (`workerData`). */
export interface ScriptPlan {
  /** Path of `score.mjs`. */
  readonly file: string;
  readonly model: Omit<ScriptModel, "predict" | "predictTensor">;
}

/** A request as it crosses to the script's thread. */
export interface ScriptRequest {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A script's answer. */
export interface ScriptAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

export type Prediction =
  | { readonly outputs: Record<string, ScriptTensor> }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What a script asks of the model. */
export type PredictOrder =
  { readonly picture: Uint8Array<ArrayBuffer> } | { readonly tensor: ScriptTensor };

/** Main thread -> script. */
export type ToScript =
  | { readonly type: "run"; readonly request: ScriptRequest; readonly timeoutMs: number }
  | { readonly type: "prediction"; readonly id: number; readonly prediction: Prediction };

/** Script -> main thread. */
export type FromScript =
  | { readonly type: "ready" }
  | { readonly type: "predict"; readonly id: number; readonly order: PredictOrder }
  | { readonly type: "answer"; readonly answer: ScriptAnswer }
  | {
      readonly type: "failed";
      /** The code of a PredictionError that the script let through. */
      readonly code?: ErrorCode;
      readonly message: string;
      readonly stack?: string | undefined;
    };
