import { ScoringError, type ErrorCode } from "../errors";
import type { CallContext, Outcome } from "./batcher";

/** What a request's pictures must put up with before a worker takes the first of them. */
export interface QueueRules {
  /** Longest wait for the first worker. */
  readonly maxQueueWaitMs: number;
  /** What to answer when that has passed. */
  readonly whyNoWorker: () => ScoringError;
  /** Called when the request fails as a whole. */
  readonly onFail: (request: PendingRequest) => void;
}

/**
 * One request's pictures between queue and answer. They share the caller's patience: when the caller goes away, the time is up or no worker
 * has been free for too long, the whole request fails at once, and what still waits of it is never computed.
 */
export class PendingRequest {
  /** Resolves with one outcome a picture; rejects with QUEUE_WAIT_EXCEEDED, NOT_READY, DEADLINE_EXCEEDED or CANCELLED. */
  readonly outcomes: Promise<readonly Outcome[]>;
  /** `performance.now()` time after which no answer is wanted. */
  readonly deadline: number;
  readonly #onFail: QueueRules["onFail"];
  readonly #settled: Outcome[] = [];
  readonly #release: () => void;
  readonly #queueWait: NodeJS.Timeout;
  #missing: number;
  #hasFailed = false;
  #resolve!: (outcomes: readonly Outcome[]) => void;
  #reject!: (error: ScoringError) => void;

  /**
   * @param size number of pictures
   */
  constructor(
    size: number,
    { signal, deadline }: CallContext,
    { maxQueueWaitMs, whyNoWorker, onFail }: QueueRules,
  ) {
    this.deadline = deadline;
    this.#onFail = onFail;
    this.#missing = size;
    this.outcomes = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const failing = (code: ErrorCode, message: string) => () =>
      this.#fail(new ScoringError(code, message));
    const onAbort = failing("CANCELLED", "The caller has gone away.");
    const onDeadline = failing("DEADLINE_EXCEEDED", "The request was not scored in time.");
    this.#queueWait = setTimeout(() => this.#fail(whyNoWorker()), maxQueueWaitMs);
    const timer = setTimeout(onDeadline, Math.max(0, deadline - performance.now()));
    this.#release = () => {
      clearTimeout(this.#queueWait);
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) queueMicrotask(onAbort);
  }

  /** Its first picture has a worker: from now on the others wait because of the request's own size, not of others. */
  start(): void {
    clearTimeout(this.#queueWait);
  }

  /** Notes what became of a picture; without effect once the request has failed. */
  settle(index: number, outcome: Outcome): void {
    this.#settled[index] = outcome;
    if (--this.#missing > 0) return;
    this.#release();
    this.#resolve(this.#settled);
  }

  /** True once it has failed as a whole: nobody waits for its pictures any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  #fail(error: ScoringError): void {
    this.#hasFailed = true;
    this.#release();
    this.#onFail(this);
    this.#reject(error);
  }
}
