import { ScoringError } from "../errors";
import type { CallContext, Outcome } from "./batcher";

/**
 * One request's pictures between queue and answer. They share the caller's patience: when the caller goes away, the time is up or no worker
 * has been free for too long, the whole request fails at once, and what still waits of it is never computed.
 */
export class PendingRequest {
  /** Resolves with one outcome a picture; rejects with QUEUE_WAIT_EXCEEDED, DEADLINE_EXCEEDED or CANCELLED. */
  readonly outcomes: Promise<readonly Outcome[]>;
  readonly #settled: Outcome[] = [];
  readonly #release: () => void;
  readonly #queueWait: NodeJS.Timeout;
  #missing: number;
  #resolve!: (outcomes: readonly Outcome[]) => void;
  #reject!: (error: ScoringError) => void;

  /**
   * @param size number of pictures
   * @param maxQueueWaitMs longest wait for the first worker
   * @param onFail called when the request fails as a whole
   */
  constructor(
    size: number,
    { signal, deadline }: CallContext,
    maxQueueWaitMs: number,
    private readonly onFail: (request: PendingRequest) => void,
  ) {
    this.#missing = size;
    this.outcomes = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const failing = (...[code, message]: ConstructorParameters<typeof ScoringError>) => {
      return () => this.#fail(new ScoringError(code, message));
    };
    const onAbort = failing("CANCELLED", "The caller has gone away.");
    const onDeadline = failing("DEADLINE_EXCEEDED", "The request was not scored in time.");
    const waited = `No session worker was free within ${maxQueueWaitMs} ms.`;
    this.#queueWait = setTimeout(failing("QUEUE_WAIT_EXCEEDED", waited), maxQueueWaitMs);
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

  #fail(error: ScoringError): void {
    this.#release();
    this.onFail(this);
    this.#reject(error);
  }
}
