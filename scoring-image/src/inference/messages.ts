import type { ErrorCode } from "../errors";
import type { ImageHeader } from "../imaging/header";
import type { TensorData } from "../imaging/tensorWriter";
import type { Availability } from "./backends/backend";

/** Main thread -> worker: a job, word that nobody waits for one any more, or the order to end after the last one. */
export type WorkerOrder =
  Job | { readonly type: "cancel"; readonly id: number } | { readonly type: "close" };

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
  readonly type: "job";
  readonly id: number;
  readonly images: readonly InputImage[];
  /** Time from now in milliseconds after which nobody wants the answer. */
  readonly timeoutMs: number;
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
  | { readonly type: "availability"; readonly availability: Availability }
  | {
      readonly type: "done";
      /** One for each picture of the job, in its order. */
      readonly results: readonly ImageResult[];
      /** Time spent decoding and resizing, in milliseconds. */
      readonly imagingMs: number;
      /** Time spent in the backend, whatever it waits for included, and in decoding detections, in milliseconds; 0 if no picture could be decoded. */
      readonly inferenceMs: number;
    };
