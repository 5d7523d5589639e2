import { setTimeout as sleep } from "node:timers/promises";
import { ScoringFailure } from "./scoringFailure";

/** How often and how long to try; times in milliseconds. */
export interface RetryOptions {
  /** Tries in all, 1 for no second one; 4 unless given. */
  readonly attempts?: number;
  /** Bound of the first pause, doubled for each further one; 200 unless given. */
  readonly firstPauseMs?: number;
  /** Bound of every pause; 5000 unless given. A service that asks for more gets more. */
  readonly longestPauseMs?: number;
  /** For all tries and pauses together; 60000 unless given. */
  readonly timeoutMs?: number;
}

/**
 * Calls `attempt` with the milliseconds that are left until it succeeds, fails for good or the time is up. Pauses are exponential, with half of
 * each drawn at random, so that the clients of a busy service do not return together.
 * @throws the last attempt's failure
 */
export async function withRetries<T>(
  attempt: (timeoutMs: number) => Promise<T>,
  { attempts = 4, firstPauseMs = 200, longestPauseMs = 5000, timeoutMs = 60_000 }: RetryOptions,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt(end - performance.now());
    } catch (error) {
      if (!(error instanceof ScoringFailure) || !error.retryable || tried >= attempts) throw error;
      const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** (tried - 1));
      const pause = Math.max(error.retryAfterMs, bound * (0.5 + Math.random() / 2));
      if (performance.now() + pause >= end) throw error;
      await sleep(pause);
    }
  }
}
