import { callerGone, type ScoringError, tooLate } from "../errors";
import type { PendingRequest } from "./request";

export interface PatienceOptions {
  /** Longest wait for a lane, in milliseconds. */
  readonly maxQueueWaitMs: number;
  /** What to answer when that has passed. */
  readonly whyNoLane: () => ScoringError;
  /** Called when a request's caller has gone or its time is up. */
  readonly onOver: (request: PendingRequest, error: ScoringError) => void;
}

/** Timers may fire a little early. */
const slackMs = 0.5;

/**
 * Ends requests whose callers wait no longer. One timer serves all of them, set to the earliest time that any is due: a timer for each request
 * would cost the event loop more than the request's own bookkeeping.
 */
export class Patience {
  readonly #options: PatienceOptions;
  /** With what to call when the request is let go of. */
  readonly #requests = new Map<PendingRequest, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Requests that are being watched. */
  get size(): number {
    return this.#requests.size;
  }

  /** Watches a request until it is over or let go of. */
  watch(request: PendingRequest): void {
    const { signal } = request.context;
    const onAbort = () => this.#end(request, callerGone());
    this.#requests.set(request, () => signal.removeEventListener("abort", onAbort));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) queueMicrotask(onAbort);
    this.#setTimer(this.#dueAt(request));
  }

  /** The request has ended by itself. */
  release(request: PendingRequest): void {
    this.#requests.get(request)?.();
    this.#requests.delete(request);
  }

  /** @returns the `performance.now()` time at which the request is over, as things stand */
  #dueAt({ context, arrivedAt, hasStarted }: PendingRequest): number {
    const { deadline } = context;
    return hasStarted ? deadline : Math.min(deadline, arrivedAt + this.#options.maxQueueWaitMs);
  }

  #setTimer(at: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#sweep(), Math.max(0, at - performance.now()));
  }

  #sweep(): void {
    this.#timerAt = Infinity;
    const now = performance.now() + slackMs;
    let next = Infinity;
    for (const request of [...this.#requests.keys()]) {
      if (request.context.deadline <= now) this.#end(request, tooLate());
      else if (this.#dueAt(request) <= now) this.#end(request, this.#options.whyNoLane());
      else next = Math.min(next, this.#dueAt(request));
    }
    if (next < Infinity) this.#setTimer(next);
  }

  #end(request: PendingRequest, error: ScoringError): void {
    if (!this.#requests.has(request)) return;
    this.release(request);
    this.#options.onOver(request, error);
  }
}
