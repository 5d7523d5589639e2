import { ScoringError } from "../errors";
import type { ImageHeader } from "../imaging/imageHeader";
import type { TensorData } from "../imaging/tensorData";
import type { PictureSize } from "../imaging/transform";
import type { Answer, AnswerForm, CallContext, WrittenAnswer } from "./call";
import { lengthOf } from "./padding";
import type { TensorForm } from "./tensors";

/** One encoded picture: its bytes as they arrived, in one piece or several. */
export interface EncodedPicture {
  readonly header: ImageHeader;
  readonly parts: readonly Uint8Array[];
}

/** One picture as the model takes it: the values of one row of the input tensor. */
export interface PreparedRow {
  readonly values: TensorData;
}

export type PipelineInput = EncodedPicture | PreparedRow;

/** The outputs of one picture. */
export interface PictureOutputs {
  /** Forms of the tensors that `bytes` holds. */
  readonly forms: readonly TensorForm[];
  readonly bytes: Buffer;
  /** Of the picture, upright; undefined for a row that the caller prepared. */
  readonly size: PictureSize | undefined;
}

/** What became of one picture: its outputs, or its answer where the request has no other picture. */
export type PictureResult = PictureOutputs | { readonly answer: WrittenAnswer };

/** One picture on its way through the stages. */
export interface Entry {
  readonly request: PendingRequest;
  /** Place of the picture in its request. */
  readonly index: number;
  readonly input: PipelineInput;
  /** Its row in the rows' memory and its size, once a decode thread has made it. */
  row?: number;
  size?: PictureSize;
}

/** Bytes that an input holds while it waits. */
export const bytesOf = (input: PipelineInput): number =>
  "values" in input ? input.values.byteLength : lengthOf(input.parts);

/**
 * One request's pictures between admission and answer. They share the caller's patience: when the caller goes away, the time is up or no
 * lane has been free for too long, the whole request fails at once, and what still waits of it is never computed.
 */
export class PendingRequest {
  readonly entries: readonly Entry[];
  /** Resolves with the answer; rejects with why the request as a whole, or the first of its pictures that could not be scored, failed. */
  readonly answer: Promise<Answer>;
  readonly arrivedAt = performance.now();
  readonly times = { queueMs: 0, imagingMs: 0, inferenceMs: 0 };
  /** Its pictures that hold a row, or are being given one, and that no lane has taken. */
  rowsAhead = 0;
  readonly #results: (PictureResult | ScoringError)[] = [];
  #missing: number;
  #hasStarted = false;
  #hasEnded = false;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: ScoringError) => void;

  /** @param inputs at least one */
  constructor(
    inputs: readonly PipelineInput[],
    readonly form: AnswerForm,
    readonly context: CallContext,
  ) {
    this.entries = inputs.map((input, index) => ({ request: this, index, input }));
    this.#missing = inputs.length;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** True once a lane has taken its first picture: from then on the others wait because of the request's own size. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** True once it is answered or has failed: nobody waits for its pictures any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What became of its pictures so far, in their order. */
  get results(): readonly (PictureResult | ScoringError)[] {
    return this.#results;
  }

  start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.times.queueMs = performance.now() - this.arrivedAt;
  }

  /** Notes what became of a picture. @returns true with the last of them */
  settle(index: number, result: PictureResult | ScoringError): boolean {
    this.#results[index] = result;
    return --this.#missing === 0;
  }

  complete(answer: Answer): void {
    this.#hasEnded = true;
    this.#resolve(answer);
  }

  fail(error: ScoringError): void {
    this.#hasEnded = true;
    this.#reject(error);
  }
}

/** Says of one of several pictures which it is. */
export function atIndex(error: ScoringError, index: number, count: number): ScoringError {
  if (count === 1) return error;
  const message = `Picture at index ${index} (of ${count}): ${error.message}`;
  return new ScoringError(error.code, message, { cause: error.cause });
}
