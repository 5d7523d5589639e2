import { headers, paths } from "../src/contract";
import type { ErrorBody } from "../src/protocols/errorBody";
import { withRetries } from "./retry";
import type { ClientOptions, Scored, ScoringClient } from "./scoringClient";
import { ScoringFailure, type FailureKind } from "./scoringFailure";

type Answer = Omit<Scored, "ms">;

/** Calls a service by Azure ML's HTTP contract. 503 with `Retry-After` is tried again, nothing else is. */
export class HttpScoringClient implements ScoringClient {
  readonly #options: ClientOptions;
  readonly #url: URL;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    if (this.#url.pathname === "/") this.#url.pathname = paths.score;
  }

  async score(picture: Uint8Array<ArrayBuffer>, top: number): Promise<Scored> {
    const started = performance.now();
    const answer = await withRetries(
      (timeoutMs) => this.#post(picture, top, timeoutMs),
      this.#options,
    );
    return { ...answer, ms: performance.now() - started };
  }

  close(): void {
    // Node's fetch keeps its connections to itself; they do not hold the process.
  }

  async #post(picture: Uint8Array<ArrayBuffer>, top: number, timeoutMs: number): Promise<Answer> {
    const { key } = this.#options;
    const target = new URL(this.#url);
    target.searchParams.set("top", String(top));
    const response = await this.#send(target, timeoutMs, {
      method: "POST",
      body: picture,
      headers: {
        "content-type": "application/octet-stream",
        ...(key && { authorization: `Bearer ${key}` }),
      },
    });
    if (response.status !== 200) throw failureOf(response);
    const [found] = parse<Scored["top"][]>(response.text) ?? [];
    if (!Array.isArray(found)) {
      const message = `${target.href} did not answer with scores: is this the scoring URI?`;
      throw new ScoringFailure("unavailable", "NOT_A_SCORING_SERVICE", message);
    }
    return { top: found, modelMs: Number(response.headers.get(headers.runFunctionMs)) };
  }

  async #send(target: URL, timeoutMs: number, init: RequestInit): Promise<ReadResponse> {
    try {
      const signal = AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs)));
      const response = await fetch(target, { ...init, signal });
      return {
        status: response.status,
        headers: response.headers,
        text: await response.text(),
      };
    } catch (thrown) {
      const cause = thrown as Error;
      if (cause.name === "TimeoutError") {
        const message = `${target.origin} did not answer in time`;
        throw new ScoringFailure("unavailable", "TIMEOUT", message, { cause });
      }
      const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
      const message = `${target.origin} cannot be reached: ${reason || "no answer"}`;
      throw new ScoringFailure("unreachable", "UNREACHABLE", message, { cause });
    }
  }
}

interface ReadResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return "refused";
  if (status === 400 || status === 413 || status === 415) return "badImage";
  return "unavailable";
}

function failureOf({ status, headers: answered, text }: ReadResponse): ScoringFailure {
  const error = parse<Partial<ErrorBody>>(text)?.error;
  const code = error?.code ?? `HTTP_${status}`;
  const retryAfter = answered.get("retry-after");
  const retryable = status === 503 && retryAfter !== null;
  const message = error?.message ?? `HTTP status ${status}`;
  return new ScoringFailure(kindOf(status), code, message, {
    retryable,
    // Zero for a date, which is rarer than its parser is long.
    retryAfterMs: Number(retryAfter) * 1000 || 0,
  });
}
