import { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import { refusalOf, type AdmissionLimits } from "./admission";
import { BatchingStage } from "./batching";
import type { Answer, AnswerForm, CallContext } from "./call";
import { DecodingStage } from "./decoding";
import { FinishingStage } from "./finishing";
import { LaneStage } from "./lanes";
import { notReady } from "./notReady";
import { Patience } from "./patience";
import {
  atIndex,
  bytesOf,
  PendingRequest,
  type Entry,
  type PictureResult,
  type PipelineInput,
} from "./request";
import type { RowSlots } from "./rowSlots";
import type { RuntimeHost } from "./runtimes/host";
import type { OpenHost } from "./runtimes/open";
import { PipelineThreads, type PipelineThreadsOptions } from "./threads/pipelineThreads";

export interface PipelineOptions
  extends AdmissionLimits, Omit<PipelineThreadsOptions, "runtime" | "onLadder" | "onChange"> {
  readonly openHost: OpenHost;
  readonly maxBatchDelayMs: number;
  readonly metrics: Metrics;
}

/**
 * The way of a request's pictures: admission, decoding, batching, a lane, finishing. Each stage is a file beside this one, which puts them
 * together; it knows neither HTTP nor gRPC.
 */
export class Pipeline {
  readonly threads: PipelineThreads;
  readonly #options: PipelineOptions;
  readonly #patience: Patience;
  readonly #decoding: DecodingStage | undefined;
  readonly #batching: BatchingStage;
  readonly #lanes: LaneStage;
  readonly #finishing: FinishingStage;
  #host: RuntimeHost | undefined;
  /** Bytes of the pictures that no lane has taken. */
  #waitingBytes = 0;
  #isPumping = false;

  constructor(options: PipelineOptions) {
    const { plan, metrics } = options;
    this.#options = options;
    const batching = new BatchingStage(plan.runtime.sizes, options.maxBatchDelayMs);
    this.#batching = batching;
    this.threads = new PipelineThreads({
      ...options,
      runtime: (lane) => this.#host?.handleOf(lane),
      onLadder: ({ sizes, costs }) => batching.warmed(sizes, costs),
      onChange: () => this.#pump(),
    });
    const { lanes, decoders, finishers, rows } = this.threads;
    this.#patience = new Patience({
      maxQueueWaitMs: options.maxQueueWaitMs,
      whyNoLane: () => this.#whyNoLane(),
      onOver: (request, error) => this.#giveUp(request, error),
    });
    // With fewer requests than threads each finds one of its own.
    const isLoaded = () => this.#patience.size > finishers.count;
    this.#decoding =
      decoders &&
      new DecodingStage({
        ...{ threads: decoders, rows: rows as RowSlots, metrics, isLoaded },
        maxRowsAhead: plan.runtime.sizes.at(-1) as number,
        onRow: (entry) => {
          batching.push(entry);
          this.#pump();
        },
        onFailure: (entry, error) => {
          this.#waitingBytes -= bytesOf(entry.input);
          this.#onResult(entry, error);
        },
      });
    this.#lanes = new LaneStage({
      ...{ threads: lanes, batching, metrics, rows },
      cancel: (lane, runId) => this.#host?.cancel(lane, runId),
      onStart: ({ input, row, request }) => {
        this.#waitingBytes -= bytesOf(input);
        if (row !== undefined) request.rowsAhead--;
      },
      onResult: (entry, result) => this.#onResult(entry, result),
    });
    this.#finishing = new FinishingStage({
      ...{ threads: finishers, isByDecoder: decoders !== undefined, metrics, isLoaded },
      onAnswer: (request, answer) => this.#end(request, answer),
    });
  }

  /**
   * Opens the model and waits until every lane is warm, for a runtime that is not there as long as it takes.
   * @throws Error why ONNX Runtime refused the model, or what `check` threw
   */
  async start(): Promise<void> {
    this.#host = await this.#options.openHost(this.#options.plan);
    await this.threads.start();
  }

  /** Ends all threads, each after what it has, and frees the model. */
  async close(): Promise<void> {
    await this.threads.close();
    await this.#host?.close();
  }

  /** Pictures that no lane has taken. */
  get waiting(): number {
    return (this.#decoding?.length ?? 0) + this.#batching.length;
  }

  /** Pictures that are being decoded or wait for it. */
  get decoding(): number {
    return this.#decoding?.length ?? 0;
  }

  /** Pictures that wait for a lane and for nothing else. */
  get ready(): number {
    return this.#batching.length;
  }

  /** Requests that wait for their answers to be written. */
  get finishing(): number {
    return this.#finishing.length;
  }

  /** How long ago the longest run in progress was given up; 0 when none is overdue. */
  get overdueMs(): number {
    return this.#lanes.overdueMs;
  }

  /**
   * Scores the pictures of one request, which are admitted all or none, and writes the answer.
   * @param inputs at least one
   * @throws ScoringError QUEUE_FULL, QUEUE_WAIT_EXCEEDED, NOT_READY, DEADLINE_EXCEEDED or CANCELLED for the request as a whole;
   * MODEL_FAILED, WORKER_LOST or why a picture could not be decoded, naming the index of the first such picture of several
   */
  submit(
    inputs: readonly PipelineInput[],
    form: AnswerForm,
    context: CallContext,
  ): Promise<Answer> {
    const refusal = refusalOf(inputs, this.#options, this.#load());
    if (refusal) return Promise.reject(refusal);
    const request = new PendingRequest(inputs, form, context);
    // A lone picture is decoded by the lane, which has nothing else to do: two threads less have to wake up for it.
    const isLone = inputs.length === 1 && this.#patience.size === 0;
    for (const entry of request.entries) {
      this.#waitingBytes += bytesOf(entry.input);
      if (this.#decoding && !isLone && "header" in entry.input) this.#decoding.push(entry);
      else this.#batching.push(entry);
    }
    this.#patience.watch(request);
    this.#pumpNow();
    return request.answer;
  }

  #load() {
    const { waiting } = this;
    const room = Math.max(0, this.#lanes.idleCount * this.#batching.ladder.max - waiting);
    const decodingMs = this.#decoding?.expectedMs ?? 0;
    const expectedWaitMs = decodingMs + this.#lanes.expectedMs(waiting);
    return { waiting, waitingBytes: this.#waitingBytes, room, expectedWaitMs };
  }

  #whyNoLane(): ScoringError {
    const { lanes, isAway } = this.threads;
    if (lanes.ready.size === 0) return notReady(isAway);
    const message = `No lane was free within ${this.#options.maxQueueWaitMs} ms.`;
    return new ScoringError("QUEUE_WAIT_EXCEEDED", message);
  }

  /** Looks once what can go on, after all that happens in this turn of the event loop. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pumpNow();
    });
  }

  #pumpNow(): void {
    this.#lanes.pump();
    this.#finishing.pump();
    this.#decoding?.pump();
  }

  #onResult(entry: Entry, result: PictureResult | ScoringError): void {
    const { request, index } = entry;
    this.#pump();
    if (request.hasEnded || !request.settle(index, result)) return;
    const { results } = request;
    const at = results.findIndex((one) => one instanceof ScoringError);
    if (at >= 0)
      return this.#end(request, atIndex(results[at] as ScoringError, at, results.length));
    const [only] = results as PictureResult[];
    if (only && "answer" in only) {
      this.#end(request, { ...only.answer, times: request.times });
    } else this.#finishing.push(request);
  }

  #end(request: PendingRequest, answer: Answer | ScoringError): void {
    this.#pump();
    if (request.hasEnded) return;
    this.#patience.release(request);
    if (answer instanceof ScoringError) request.fail(answer);
    else request.complete(answer);
  }

  /** Takes a failed request out of every stage, and lets go of the batches that nobody else waits for. */
  #giveUp(request: PendingRequest, error: ScoringError): void {
    request.fail(error);
    const waiting = [...(this.#decoding?.remove(request) ?? []), ...this.#batching.remove(request)];
    for (const { input, row } of waiting) {
      this.#waitingBytes -= bytesOf(input);
      if (row !== undefined) this.threads.rows?.release(row);
    }
    this.#lanes.abandon(request);
    this.#pump();
  }
}
