/** Why a picture was not scored, in the words of a caller rather than of a protocol. */
export type FailureKind = "badImage" | "refused" | "unreachable" | "unavailable";

interface FailureOptions extends ErrorOptions {
  /** The service was busy: the same request may be sent again. */
  readonly retryable?: boolean;
  /** How long the service asks to be left alone first, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A picture that was not scored. */
export class ScoringFailure extends Error {
  override readonly name = "ScoringFailure";
  readonly retryable: boolean;
  readonly retryAfterMs: number;

  constructor(
    readonly kind: FailureKind,
    /** The service's error code, or one of ours: UNREACHABLE, TIMEOUT, REDIRECTED, ANSWER_TOO_LARGE, NOT_A_SCORING_SERVICE, NOT_A_CLASSIFIER. */
    readonly code: string,
    message: string,
    { retryable = false, retryAfterMs = 0, ...options }: FailureOptions = {},
  ) {
    super(message, options);
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}
