import { FairQueue } from "./fairQueue";
import { Ladder } from "./ladder";
import type { Entry, PendingRequest } from "./request";

/**
 * Batching: what waits for a lane, and which of it makes the next batch. A batch is made when a lane is free and not before, so that batches
 * grow while the device is busy and a picture never waits for company unless it is told to.
 */
export class BatchingStage {
  readonly #queue = new FairQueue<PendingRequest, Entry>();
  readonly #maxDelayMs: number;
  #ladder: Ladder;

  /**
   * @param sizes the ladder as it was asked for
   * @param maxDelayMs how long a picture may wait for others to fill the largest batch while a lane is free
   */
  constructor(sizes: readonly number[], maxDelayMs: number) {
    this.#ladder = new Ladder(sizes);
    this.#maxDelayMs = maxDelayMs;
  }

  /** The sizes that can be run. */
  get ladder(): Ladder {
    return this.#ladder;
  }

  /** A lane has warmed these sizes, and tells what they cost. */
  warmed(sizes: readonly number[], costs: readonly number[]): void {
    this.#ladder = new Ladder(sizes, costs);
  }

  /** Pictures that wait for a lane. */
  get length(): number {
    return this.#queue.length;
  }

  push(entry: Entry): void {
    this.#queue.push(entry.request, entry);
  }

  /** Takes out what waits of a request. */
  remove(request: PendingRequest): readonly Entry[] {
    return this.#queue.remove(request);
  }

  /**
   * Makes the next batch.
   * @returns its pictures, or the milliseconds for which the oldest should still wait for company; undefined when nothing waits
   */
  next(): readonly Entry[] | number | undefined {
    const { length } = this.#queue;
    if (length === 0) return undefined;
    if (this.#maxDelayMs > 0 && length < this.#ladder.max) {
      const waitMs = this.#oldestAt() + this.#maxDelayMs - performance.now();
      if (waitMs > 0) return waitMs;
    }
    return this.#queue.take(this.#ladder.choose(length));
  }

  #oldestAt(): number {
    let oldest = Infinity;
    for (const { request } of this.#queue.items()) oldest = Math.min(oldest, request.arrivedAt);
    return oldest;
  }
}
