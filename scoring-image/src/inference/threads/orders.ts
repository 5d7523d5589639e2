import { ScoringError, type ErrorCode } from "../../errors";
import type { ImageHeader } from "../../imaging/imageHeader";
import type { PictureSize } from "../../imaging/transform";
import type { AnswerForm } from "../call";
import type { TensorForm } from "../tensors";

/** Makes a row of a picture, whose bytes follow, and leaves it in a slot of the rows' memory. */
export interface DecodeOrder {
  readonly kind: "decode";
  readonly header: ImageHeader;
  readonly slot: number;
}

export type DecodeReply = { readonly ms: number } & (
  { readonly size: PictureSize } | { readonly error: WireError }
);

/** One picture of a batch: a row of the rows' memory, or bytes that follow, which are an encoded picture or the values of a row. */
export type BatchEntry = {
  /** How to answer it, where it is a request of its own and lanes finish. */
  readonly answer?: AnswerForm | undefined;
} & (
  | { readonly slot: number; readonly size: PictureSize }
  | { readonly header: ImageHeader; readonly length: number }
  | { readonly length: number }
);

/** Number of the runs of the warm-up, which nobody ends. */
export const warmUpRun = 1;

/** Runs a batch. */
export interface RunOrder {
  readonly kind: "run";
  /** Its number, from 2 on. */
  readonly id: number;
  /** Time from now in milliseconds after which nobody wants the answers. */
  readonly timeoutMs: number;
  readonly entries: readonly BatchEntry[];
}

/** What is said of an answer beside its bytes. */
export interface WrittenHead {
  readonly head: unknown;
  /** The bytes are a text in UTF-8. */
  readonly isText: boolean;
}

/** What became of one picture: its answer, or the tensors of its outputs; their bytes follow. */
export type RunResult =
  | { readonly error: WireError }
  | ({ readonly length: number; readonly size?: PictureSize | undefined } & (
      WrittenHead | { readonly forms: readonly TensorForm[] }
    ));

export interface RunReply {
  /** One for each picture of the order. */
  readonly results: readonly RunResult[];
  /** Decoding and resizing in the lane, in milliseconds. */
  readonly imagingMs: number;
  /** The run, whatever it waits for included, in milliseconds; 0 if no picture could be decoded. */
  readonly inferenceMs: number;
}

/** Writes a request's answer from its pictures' outputs, whose bytes follow. */
export interface FinishOrder {
  readonly kind: "finish";
  readonly answer: AnswerForm;
  readonly pictures: readonly {
    readonly forms: readonly TensorForm[];
    readonly length: number;
    readonly size?: PictureSize | undefined;
  }[];
}

export type FinishReply = { readonly ms: number } & (WrittenHead | { readonly error: WireError });

/** Ends the thread after the orders before it. */
export interface CloseOrder {
  readonly kind: "close";
}

export type Order = DecodeOrder | RunOrder | FinishOrder | CloseOrder;

/** A {@link ScoringError} as it crosses between threads; `detail` is for the log. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string;
}

export function wireErrorOf({ code, message, cause }: ScoringError): WireError {
  return { code, message, ...(cause instanceof Error ? { detail: cause.message } : {}) };
}

/** The error that `wireErrorOf` has written. */
export const errorFrom = ({ code, message, detail }: WireError): ScoringError =>
  new ScoringError(code, message, detail ? { cause: new Error(detail) } : undefined);
