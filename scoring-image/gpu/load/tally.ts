import type { Answer } from "./responseParser";

/** What came of the requests of one step. */
export interface Outcomes {
  /** Of the answers with 200 alone, in milliseconds. */
  readonly latenciesMs: readonly number[];
  /** Answers by status, and failed connections by their reason. */
  readonly counts: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
}

/** How long answers are waited for when the time for sending requests is over. */
export const lastAnswersMs = 10_000;

/** Counts what comes of requests. */
export class Tally {
  readonly #latenciesMs: number[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #startedMs = performance.now();

  /** @param sinceMs when the request was sent, or was due, by `performance.now()` */
  add(outcome: Answer | Error, sinceMs: number): void {
    const name = outcome instanceof Error ? outcome.message : String(outcome.status);
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    if (name === "200") this.#latenciesMs.push(performance.now() - sinceMs);
  }

  /** What has been counted up to now. */
  end(): Outcomes {
    const elapsedMs = performance.now() - this.#startedMs;
    return { latenciesMs: [...this.#latenciesMs], counts: { ...this.#counts }, elapsedMs };
  }
}
