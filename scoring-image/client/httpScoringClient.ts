import { BodyTooLargeError, readBounded } from "../src/boundedBody";
import { headers, paths } from "../src/contract";
import { errorFrom, featuresFrom, maxAnswerBytes, topFrom } from "./answer";
import { withRetries } from "./retry";
import type { ClientOptions, Scored, ScoringClient } from "./scoringClient";
import { ScoringFailure, type FailureKind } from "./scoringFailure";

type Answer = Omit<Scored, "ms">;

/**
 * Calls a service by Azure ML's HTTP contract. 503 with `Retry-After` is tried again, nothing else is.
 * A redirect is not followed: picture and key go to the host that was named, or nowhere.
 */
export class HttpScoringClient implements ScoringClient {
  readonly #options: ClientOptions;
  readonly #url: URL;
  /** Until the service says that its model has no best classes or boxes. */
  #asksForTop = true;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    if (this.#url.pathname === "/") this.#url.pathname = paths.score;
  }

  async score(picture: Uint8Array<ArrayBuffer>, top: number): Promise<Scored> {
    const started = performance.now();
    const answer = await withRetries(
      (timeoutMs) => this.#ask(picture, top, timeoutMs),
      this.#options,
    );
    return { ...answer, ms: performance.now() - started };
  }

  close(): void {
    // Node's fetch keeps its connections to itself; they do not hold the process.
  }

  async #ask(picture: Uint8Array<ArrayBuffer>, top: number, timeoutMs: number): Promise<Answer> {
    const end = performance.now() + timeoutMs;
    if (this.#asksForTop) {
      const response = await this.#post(picture, { top: String(top) }, timeoutMs);
      const hasNoTop =
        response.status === 400 && errorFrom(response.text)?.code === "INVALID_REQUEST";
      if (!hasNoTop) return this.#read(response, (text) => ({ top: topFrom(text, top) }));
    }
    const response = await this.#post(picture, {}, end - performance.now());
    const answer = this.#read(response, (text) => ({ features: featuresFrom(text) }));
    this.#asksForTop = false;
    return answer;
  }

  #read(
    { status, headers: answered, text, ...rest }: ReadResponse,
    find: (text: string) => { readonly [K in "top" | "features"]?: Answer[K] | undefined },
  ): Answer {
    if (status !== 200) throw failureOf({ status, headers: answered, text, ...rest });
    const { top, features } = find(text);
    if (!top && !features) {
      const message = `${this.#url.href} did not answer with scores: is this the scoring URI?`;
      throw new ScoringFailure("unavailable", "NOT_A_SCORING_SERVICE", message);
    }
    const modelMs = Number(answered.get(headers.runFunctionMs) ?? NaN);
    return {
      top: top ?? [],
      features: features ?? [],
      modelMs: Number.isFinite(modelMs) ? modelMs : undefined,
    };
  }

  async #post(
    picture: Uint8Array<ArrayBuffer>,
    query: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<ReadResponse> {
    const { key } = this.#options;
    const target = new URL(this.#url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    try {
      const response = await fetch(target, {
        method: "POST",
        body: picture,
        redirect: "manual",
        signal: AbortSignal.timeout(Math.max(1, Math.floor(timeoutMs))),
        headers: {
          "content-type": "application/octet-stream",
          ...(key && { authorization: `Bearer ${key}` }),
        },
      });
      const text = await readBounded(response, maxAnswerBytes);
      return { origin: target.origin, status: response.status, headers: response.headers, text };
    } catch (thrown) {
      throw failureToAnswer(target.origin, thrown as Error);
    }
  }
}

interface ReadResponse {
  readonly origin: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

function failureToAnswer(origin: string, cause: Error): ScoringFailure {
  if (cause.name === "TimeoutError") {
    return new ScoringFailure("unavailable", "TIMEOUT", `${origin} did not answer in time`, {
      cause,
    });
  }
  if (cause instanceof BodyTooLargeError) {
    const message = `${origin}: ${cause.message}, which no scoring service's is`;
    return new ScoringFailure("unavailable", "ANSWER_TOO_LARGE", message, { cause });
  }
  const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
  const message = `${origin} cannot be reached: ${reason || "no answer"}`;
  return new ScoringFailure("unreachable", "UNREACHABLE", message, { cause });
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return "refused";
  if (status === 400 || status === 413 || status === 415) return "badImage";
  return "unavailable";
}

function failureOf({ origin, status, headers: answered, text }: ReadResponse): ScoringFailure {
  const location = answered.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    const message = `${origin} sends callers on to ${location.slice(0, 200)}, and pictures are not sent after it: if you trust that address, name it as the URL`;
    return new ScoringFailure("unavailable", "REDIRECTED", message);
  }
  const { code, message } = errorFrom(text) ?? {
    code: `HTTP_${status}`,
    message: `HTTP status ${status}`,
  };
  const retryAfter = answered.get("retry-after");
  const retryable = status === 503 && retryAfter !== null;
  return new ScoringFailure(kindOf(status), code, message, {
    retryable,
    // Zero for a date, which is rarer than its parser is long.
    retryAfterMs: Number(retryAfter) * 1000 || 0,
  });
}
