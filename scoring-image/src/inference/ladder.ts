/**
 * The ladder: the batch sizes that the model was compiled and warmed for. A batch is padded to the next of them, since nothing may run in a
 * shape that was not warmed: ONNX Runtime's CUDA provider pays 100 to 250 ms for every change of shape.
 */
export class Ladder {
  readonly #sizes: readonly number[];
  /** What a run of each size takes in milliseconds, smoothed; 0 where it is not known. */
  readonly #costs: number[];
  /** How many runs of each size it has learnt from. */
  readonly #lessons: number[];

  /**
   * @param sizes ascending
   * @param costs milliseconds of a run of each size, as the warm-up measured them; empty where nothing was measured
   */
  constructor(sizes: readonly number[], costs: readonly number[] = []) {
    this.#sizes = sizes;
    this.#costs = sizes.map((_, i) => costs[i] ?? 0);
    this.#lessons = this.#costs.map((cost) => (cost > 0 ? 1 : 0));
  }

  /** The largest batch. */
  get max(): number {
    return this.#sizes.at(-1) as number;
  }

  /** The size that a batch of so many pictures runs in, 1 to `max`. */
  sizeOf(count: number): number {
    return this.#sizes.find((size) => size >= count) as number;
  }

  /** What a run of so many pictures takes, in milliseconds; 0 when that is not known. */
  costOf(count: number): number {
    return this.#costs[this.#sizes.indexOf(this.sizeOf(count))] as number;
  }

  /**
   * How many of the waiting pictures to run now: all, padded to the next size, or only as many as fill the size below, whichever scores more
   * pictures in the same time.
   * @param waiting at least 1
   */
  choose(waiting: number): number {
    if (waiting >= this.max) return this.max;
    const below = this.#sizes.findLast((size) => size <= waiting);
    if (below === undefined || below === waiting) return waiting;
    const [fullMs, paddedMs] = [this.costOf(below), this.costOf(waiting)];
    return fullMs > 0 && below / fullMs > waiting / paddedMs ? below : waiting;
  }

  /** Learns from a run of so many pictures. What one run may teach is bounded: a slow one must not have bursts refused after it. */
  learn(count: number, runMs: number): void {
    const at = this.#sizes.indexOf(this.sizeOf(count));
    const known = this.#costs[at] as number;
    const lessons = this.#lessons[at] as number;
    const taught = known > 0 ? Math.min(runMs, maxSurprise * known) : runMs;
    this.#costs[at] = known + (taught - known) * Math.max(smoothing, 1 / (lessons + 1));
    this.#lessons[at] = lessons + 1;
  }
}

/** Weight of the latest run in the smoothed time of a run. */
const smoothing = 1 / 16;

/** How many times its known cost a run may count for. */
const maxSurprise = 4;
