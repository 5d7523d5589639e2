import { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import type { EncodedImage, ImageResult, OutputTensor } from "./messages";
import type { SessionPool } from "./sessionPool";
import type { SessionThread } from "./sessionThread";

export interface BatcherOptions {
  /** Largest number of pictures in one run. */
  readonly maxBatchSize: number;
  /** How long a picture may wait for others to fill its batch while a worker is free; 0 takes what is there. */
  readonly maxBatchDelayMs: number;
  /** Pictures that may wait for a worker; more are refused with QUEUE_FULL. */
  readonly maxQueueSize: number;
  /** Longest wait for a worker; then QUEUE_WAIT_EXCEEDED. */
  readonly maxQueueWaitMs: number;
}

/** How long the caller will wait. */
export interface CallContext {
  /** Aborted when the caller has gone away. */
  readonly signal: AbortSignal;
  /** `performance.now()` time after which no answer is wanted. */
  readonly deadline: number;
}

/** Outputs of one picture and where the time went, in milliseconds. */
export interface Inference {
  readonly outputs: readonly OutputTensor[];
  readonly queueMs: number;
  readonly imagingMs: number;
  readonly inferenceMs: number;
}

type Outcome = Inference | ScoringError;

interface Entry {
  readonly image: EncodedImage;
  readonly queuedAt: number;
  /** Ends the caller's wait; only the first call counts. */
  readonly settle: (outcome: Outcome) => void;
}

/**
 * The bounded queue in front of the session workers. First come, first served: a free worker takes up to `maxBatchSize` of what waits.
 * Pictures whose caller has gone or whose time is up leave the queue and are never computed.
 */
export class Batcher {
  readonly #pool: SessionPool;
  readonly #options: BatcherOptions;
  readonly #metrics: Metrics;
  readonly #queue: Entry[] = [];
  #delay: NodeJS.Timeout | undefined;

  constructor(pool: SessionPool, options: BatcherOptions, metrics: Metrics) {
    this.#pool = pool;
    this.#options = options;
    this.#metrics = metrics;
  }

  /** Number of pictures that wait for a worker. */
  get length(): number {
    return this.#queue.length;
  }

  /**
   * Queues one picture and waits for its outputs.
   * @throws ScoringError QUEUE_FULL, QUEUE_WAIT_EXCEEDED, DEADLINE_EXCEEDED, CANCELLED, WORKER_LOST, MODEL_FAILED or why it could not be decoded
   */
  submit(image: EncodedImage, context: CallContext): Promise<Inference> {
    const { maxQueueSize } = this.#options;
    if (this.#queue.length >= maxQueueSize && !this.#pool.hasIdle) {
      const message = `Too many requests: ${maxQueueSize} pictures are waiting already.`;
      return Promise.reject(new ScoringError("QUEUE_FULL", message));
    }
    return new Promise((resolve, reject) => {
      const entry = this.#enter(image, context, (outcome) => {
        if (outcome instanceof ScoringError) reject(outcome);
        else resolve(outcome);
      });
      this.#queue.push(entry);
      this.pump();
    });
  }

  #enter(image: EncodedImage, context: CallContext, finish: (outcome: Outcome) => void): Entry {
    const { signal, deadline } = context;
    const queuedAt = performance.now();
    const leave = (error: ScoringError) => {
      const at = this.#queue.indexOf(entry);
      if (at >= 0) this.#queue.splice(at, 1);
      entry.settle(error);
    };
    const onAbort = () => leave(new ScoringError("CANCELLED", "The caller has gone away."));
    const onDeadline = () =>
      leave(new ScoringError("DEADLINE_EXCEEDED", "The request was not scored in time."));
    const onWaited = () => {
      if (!this.#queue.includes(entry)) return;
      const message = `No session worker was free within ${this.#options.maxQueueWaitMs} ms.`;
      leave(new ScoringError("QUEUE_WAIT_EXCEEDED", message));
    };
    const timers = [
      setTimeout(onDeadline, Math.max(0, deadline - queuedAt)),
      setTimeout(onWaited, this.#options.maxQueueWaitMs),
    ];
    const settle = (outcome: Outcome) => {
      timers.forEach(clearTimeout);
      signal.removeEventListener("abort", onAbort);
      finish(outcome);
    };
    const entry: Entry = { image, queuedAt, settle };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) queueMicrotask(onAbort);
    return entry;
  }

  /** Gives waiting pictures to free workers; called when either side changes. */
  pump(): void {
    while (this.#queue.length > 0 && this.#pool.hasIdle) {
      const wait = this.#batchDelay();
      if (wait > 0) {
        if (this.#delay === undefined) this.#delay = setTimeout(() => this.#endDelay(), wait);
        return;
      }
      const thread = this.#pool.acquire() as SessionThread;
      void this.#run(thread, this.#queue.splice(0, this.#options.maxBatchSize));
    }
  }

  #endDelay(): void {
    this.#delay = undefined;
    this.pump();
  }

  /** Milliseconds for which the oldest picture should still wait for company. */
  #batchDelay(): number {
    const { maxBatchSize, maxBatchDelayMs } = this.#options;
    const oldest = this.#queue[0];
    if (!oldest || this.#queue.length >= maxBatchSize) return 0;
    return oldest.queuedAt + maxBatchDelayMs - performance.now();
  }

  async #run(thread: SessionThread, entries: Entry[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const { results, imagingMs, inferenceMs } = await thread.run({
        images: entries.map(({ image }) => image),
      });
      this.#metrics.observeBatch({ size: entries.length, imagingMs, inferenceMs });
      entries.forEach((entry, i) => {
        const queueMs = startedAt - entry.queuedAt;
        this.#metrics.observeQueue(queueMs);
        entry.settle(outcomeOf(results[i] as ImageResult, { queueMs, imagingMs, inferenceMs }));
      });
    } catch (error) {
      entries.forEach(({ settle }) => settle(error as ScoringError));
    } finally {
      this.#pool.release(thread);
    }
  }
}

function outcomeOf(result: ImageResult, times: Omit<Inference, "outputs">): Outcome {
  if ("outputs" in result) return { outputs: result.outputs, ...times };
  const { code, message, detail } = result.error;
  return new ScoringError(code, message, detail ? { cause: new Error(detail) } : undefined);
}
