import type { ErrorCode } from "../errors";
import type { ImageHeader } from "../imaging/header";
import type { TensorData } from "../imaging/tensorWriter";
import type { ImageTransform } from "../imaging/transform";
import type { DetectionPlan } from "../model/detection";
import type { Graph } from "../model/graph";
import type { ExecutionProvider } from "./providerCheck";

/** What a session worker is started with (`workerData`). */
export interface SessionPlan {
  /** Path of the ONNX file. */
  readonly modelFile: string;
  readonly inputName: string;
  readonly transform: ImageTransform;
  /** Outputs to compute, in the order in which results list them. */
  readonly outputNames: readonly string[];
  /** For a detector: how to decode its outputs; the decoded tensors follow those of `outputNames`. */
  readonly detection?: DetectionPlan | undefined;
  /** Where the model must run; nothing falls back. */
  readonly executionProvider: ExecutionProvider;
  /** Threads of the session's own pool; 1 runs everything on the worker's thread. */
  readonly threads: number;
  /** Largest number of pictures in one run. */
  readonly maxBatchSize: number;
}

/** Main thread -> worker: a job, or the order to end after the last one. */
export type WorkerOrder = Job | "close";

/** One encoded picture; its bytes are moved to the worker, not copied. */
export interface EncodedImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: ImageHeader;
}

/** One picture as the model takes it: the values of one row of the input tensor, moved to the worker as well. */
export interface DecodedImage {
  readonly values: TensorData;
}

/** One picture of a batch, encoded or decoded. */
export type InputImage = EncodedImage | DecodedImage;

/** Main thread -> worker: score these pictures in one run. */
export interface Job {
  readonly images: readonly InputImage[];
}

export type TensorValues =
  Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** One output tensor of one picture; `dims` has the batch dimension, which is 1. */
export interface OutputTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: TensorValues;
}

/** What became of one picture. */
export type ImageResult =
  | { readonly outputs: readonly OutputTensor[] }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly detail?: string;
      };
    };

/** Worker -> main thread. */
export type WorkerMessage =
  | { readonly type: "ready"; readonly graph: Graph }
  | {
      readonly type: "done";
      /** One for each picture of the job, in its order. */
      readonly results: readonly ImageResult[];
      /** Time spent decoding and resizing, in milliseconds. */
      readonly imagingMs: number;
      /** Time spent in ONNX Runtime and in decoding detections, in milliseconds; 0 if no picture could be decoded. */
      readonly inferenceMs: number;
    };
