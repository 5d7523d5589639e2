import { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import { ImageQueue, sizeOf, type QueuedImage } from "./imageQueue";
import type { ImageResult, InputImage, OutputTensor } from "./messages";
import { PendingRequest } from "./pendingRequest";
import { notReady } from "./notReady";
import type { SessionPool } from "./sessionPool";
import type { SessionThread } from "./sessionThread";

export interface BatcherOptions {
  /** Largest number of pictures in one run. */
  readonly maxBatchSize: number;
  /** How long a picture may wait for others to fill its batch while a worker is free; 0 takes what is there. */
  readonly maxBatchDelayMs: number;
  /** Pictures that may wait for a worker; more are refused with QUEUE_FULL. */
  readonly maxQueueSize: number;
  /** Bytes of pictures that may wait for a worker; more are refused with QUEUE_FULL. A free worker takes any. */
  readonly maxQueueBytes: number;
  /** Longest wait for a worker; then QUEUE_WAIT_EXCEEDED, and at once if the wait can be expected to be longer. */
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

/** Weight of the latest run in the smoothed time of a run. */
const smoothing = 1 / 16;

/**
 * Share of the longest wait that a picture may be expected to wait and still be queued. Runs differ: queued up to the whole of it, half of the
 * last ones would wait in vain.
 */
const trustedShare = 0.75;

/** What became of one picture. */
export type Outcome = Inference | ScoringError;

/** A batch that a worker has. */
interface Run {
  readonly startedAt: number;
  readonly entries: readonly QueuedImage[];
}

/**
 * The bounded queue in front of the session workers. First come, first served: a free worker takes up to `maxBatchSize` of what waits.
 * Pictures whose caller has gone or whose time is up leave the queue and are never computed.
 */
export class Batcher {
  readonly #pool: SessionPool;
  readonly #options: BatcherOptions;
  readonly #metrics: Metrics;
  readonly #queue = new ImageQueue();
  /** The runs in progress. */
  readonly #runs = new Map<SessionThread, Run>();
  /** What a run takes, smoothed; undefined before the first. */
  #meanRunMs: number | undefined;
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
   * @throws ScoringError as `submitAll`, MODEL_FAILED, WORKER_LOST or why it could not be decoded
   */
  async submit(image: InputImage, context: CallContext): Promise<Inference> {
    const [outcome] = await this.submitAll([image], context);
    if (outcome instanceof ScoringError) throw outcome;
    return outcome as Inference;
  }

  /** Why these pictures may not wait: too many, too many bytes, or no worker to be expected in time. */
  #refusalOf(images: readonly InputImage[]): ScoringError | undefined {
    const { maxQueueSize, maxQueueBytes, maxQueueWaitMs, maxBatchSize } = this.#options;
    const length = this.#queue.length;
    if (images.length > maxQueueSize - length + this.#pool.idleCount * maxBatchSize) {
      const message = `Too many requests: ${length} pictures are waiting already.`;
      return new ScoringError("QUEUE_FULL", message);
    }
    const waiting = this.#queue.bytes;
    const wanted = images.reduce((bytes, image) => bytes + sizeOf(image), waiting);
    if (!this.#pool.hasIdle && wanted > maxQueueBytes) {
      const message = `Too many requests: pictures of ${waiting} bytes are waiting already.`;
      return new ScoringError("QUEUE_FULL", message);
    }
    // Said at once, a refusal costs the caller nothing; after a wait in vain it has cost both.
    if (this.#expectedWaitMs() <= maxQueueWaitMs * trustedShare) return undefined;
    const message = `No session worker can be expected within ${maxQueueWaitMs} ms: ${length} pictures are waiting already.`;
    return new ScoringError("QUEUE_WAIT_EXCEEDED", message);
  }

  /**
   * Queues the pictures of one request, all or none, and waits until each has its outcome. Free workers share them.
   * @param images at least one
   * @returns for each picture its outputs, or MODEL_FAILED, WORKER_LOST or why it could not be decoded
   * @throws ScoringError QUEUE_FULL, QUEUE_WAIT_EXCEEDED, NOT_READY, DEADLINE_EXCEEDED or CANCELLED, for the request as a whole
   */
  submitAll(images: readonly InputImage[], context: CallContext): Promise<readonly Outcome[]> {
    const refusal = this.#refusalOf(images);
    if (refusal) return Promise.reject(refusal);
    const request = new PendingRequest(images.length, context, {
      maxQueueWaitMs: this.#options.maxQueueWaitMs,
      whyNoWorker: () => this.#whyNoWorker(),
      onFail: (failed) => this.#giveUp(failed),
    });
    const queuedAt = performance.now();
    images.forEach((image, index) => this.#queue.push({ image, request, index, queuedAt }));
    this.pump();
    return request.outcomes;
  }

  #whyNoWorker(): ScoringError {
    if (this.#pool.readyCount === 0) return notReady(this.#pool.isAway);
    const message = `No session worker was free within ${this.#options.maxQueueWaitMs} ms.`;
    return new ScoringError("QUEUE_WAIT_EXCEEDED", message);
  }

  /** How long a picture that comes now would wait for a worker; 0 when that is not known. */
  #expectedWaitMs(): number {
    const runMs = this.#meanRunMs;
    const workers = this.#runs.size;
    if (runMs === undefined || workers === 0 || this.#pool.hasIdle) return 0;
    const oldest = Math.min(...[...this.#runs.values()].map(({ startedAt }) => startedAt));
    const firstEndsIn = Math.max(0, oldest + runMs - performance.now());
    const runsAhead = Math.floor(this.#queue.length / (this.#options.maxBatchSize * workers));
    return firstEndsIn + runsAhead * runMs;
  }

  /** Takes a failed request out of the queue, and lets go of the batches that nobody else waits for. */
  #giveUp(failed: PendingRequest): void {
    this.#queue.remove(failed);
    for (const [thread, { entries }] of this.#runs) {
      const isConcerned = entries.some(({ request }) => request === failed);
      if (isConcerned && entries.every(({ request }) => request.hasFailed)) thread.cancel();
    }
  }

  /** Gives waiting pictures to free workers; called when either side changes. */
  pump(): void {
    clearTimeout(this.#delay);
    while (this.#queue.length > 0 && this.#pool.hasIdle) {
      const wait = this.#batchDelay();
      if (wait > 0) {
        this.#delay = setTimeout(() => this.pump(), wait);
        return;
      }
      const thread = this.#pool.acquire() as SessionThread;
      const entries = this.#queue.take(this.#options.maxBatchSize);
      for (const { request } of entries) request.start();
      void this.#run(thread, entries);
    }
  }

  /** Milliseconds for which the oldest picture should still wait for company. */
  #batchDelay(): number {
    const { maxBatchSize, maxBatchDelayMs } = this.#options;
    const { oldest } = this.#queue;
    if (!oldest || this.#queue.length >= maxBatchSize) return 0;
    return oldest.queuedAt + maxBatchDelayMs - performance.now();
  }

  #learn(runMs: number): void {
    this.#meanRunMs ??= runMs;
    this.#meanRunMs += (runMs - this.#meanRunMs) * smoothing;
  }

  async #run(thread: SessionThread, entries: QueuedImage[]): Promise<void> {
    const startedAt = performance.now();
    this.#runs.set(thread, { startedAt, entries });
    try {
      const { results, imagingMs, inferenceMs, wasInterrupted } = await thread.run({
        images: entries.map(({ image }) => image),
        timeoutMs: Math.max(...entries.map(({ request }) => request.deadline)) - startedAt,
      });
      this.#metrics.observeBatch({ size: entries.length, imagingMs, inferenceMs });
      if (!wasInterrupted) this.#learn(performance.now() - startedAt);
      entries.forEach((entry, i) => {
        const queueMs = startedAt - entry.queuedAt;
        this.#metrics.observeQueue(queueMs);
        const outcome = outcomeOf(results[i] as ImageResult, { queueMs, imagingMs, inferenceMs });
        entry.request.settle(entry.index, outcome);
      });
    } catch (error) {
      for (const { request, index } of entries) request.settle(index, error as ScoringError);
    } finally {
      this.#runs.delete(thread);
      this.#pool.release(thread);
    }
  }
}

function outcomeOf(result: ImageResult, times: Omit<Inference, "outputs">): Outcome {
  if ("outputs" in result) return { outputs: result.outputs, ...times };
  const { code, message, detail } = result.error;
  return new ScoringError(code, message, detail ? { cause: new Error(detail) } : undefined);
}
