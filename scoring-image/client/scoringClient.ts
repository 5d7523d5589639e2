import { headers, paths } from "../src/contract";
import type { ScoredClass } from "../src/inference/classification";
import type { Detection } from "../src/inference/detections";
import type { ErrorBody } from "../src/protocols/errorBody";

/** Why a picture was not scored, in the words of a caller rather than of HTTP. */
export type FailureKind = "badImage" | "refused" | "unreachable" | "unavailable";

/** A picture that was not scored. */
export class ScoringFailure extends Error {
  override readonly name = "ScoringFailure";
  constructor(
    readonly kind: FailureKind,
    /** The service's error code, or one of ours: UNREACHABLE, NOT_A_SCORING_SERVICE. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface Scored {
  /** A classifier's classes or a detector's boxes, best first. */
  readonly top: readonly ScoredClass[] | readonly Detection[];
  /** Time of the whole call in milliseconds. */
  readonly ms: number;
  /** Of which decoding and model, by the service's own clock. */
  readonly modelMs: number;
}

/** A picture's scores, or why it has none. */
export interface Outcome {
  readonly file: string;
  readonly result: Scored | ScoringFailure;
}

export interface Endpoint {
  /** Scoring URI; a bare `http(s)://HOST/` means its `/score`. */
  readonly url: string;
  readonly key?: string | undefined;
}

function scoringUrl(url: string, top: number): URL {
  const target = new URL(url);
  if (target.pathname === "/") target.pathname = paths.score;
  target.searchParams.set("top", String(top));
  return target;
}

function kindOf(status: number): FailureKind {
  if (status === 401 || status === 403) return "refused";
  if (status === 400 || status === 413 || status === 415) return "badImage";
  return "unavailable";
}

/**
 * Scores one picture over HTTP.
 * @param picture the bytes of a JPEG or PNG
 * @param top number of classes or boxes wanted
 * @throws ScoringFailure
 */
export async function scorePicture(
  endpoint: Endpoint,
  picture: Uint8Array<ArrayBuffer>,
  top: number,
): Promise<Scored> {
  const target = scoringUrl(endpoint.url, top);
  const started = performance.now();
  const response = await fetch(target, {
    method: "POST",
    body: picture,
    headers: {
      "content-type": "application/octet-stream",
      ...(endpoint.key && { authorization: `Bearer ${endpoint.key}` }),
    },
  }).catch((cause: Error) => {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    const message = `${target.origin} cannot be reached: ${reason || "no answer"}`;
    throw new ScoringFailure("unreachable", "UNREACHABLE", message, { cause });
  });
  const text = await response.text();
  const ms = performance.now() - started;
  if (!response.ok) throw failureOf(response.status, text);
  const [classes] = parse<(readonly ScoredClass[] | readonly Detection[])[]>(text) ?? [];
  if (!Array.isArray(classes)) throw notAScoringService(target);
  return { top: classes, ms, modelMs: Number(response.headers.get(headers.runFunctionMs)) };
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

const notAScoringService = (target: URL) =>
  new ScoringFailure(
    "unavailable",
    "NOT_A_SCORING_SERVICE",
    `${target.href} did not answer with scores: is this the scoring URI?`,
  );

function failureOf(status: number, text: string): ScoringFailure {
  const error = parse<Partial<ErrorBody>>(text)?.error;
  const code = error?.code ?? `HTTP_${status}`;
  return new ScoringFailure(kindOf(status), code, error?.message ?? `HTTP status ${status}`);
}
