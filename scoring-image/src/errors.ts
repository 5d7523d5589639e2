/** One error type for every protocol, and the one table that maps it to HTTP and gRPC. */

import { maxMessageLength } from "./limits/bounds";

/** The gRPC statuses that the service answers with; https://grpc.io/docs/guides/status-codes/ */
type GrpcStatus =
  | "INVALID_ARGUMENT"
  | "FAILED_PRECONDITION"
  | "UNAUTHENTICATED"
  | "NOT_FOUND"
  | "UNIMPLEMENTED"
  | "RESOURCE_EXHAUSTED"
  | "CANCELLED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED";

interface ErrorRow {
  /** HTTP status. */
  readonly http: number;
  readonly grpc: GrpcStatus;
  /** The client may send the same request again, unchanged. */
  readonly retryable?: true;
}

/**
 * Code -> HTTP status -> gRPC status. Input faults are INVALID_ARGUMENT, never INTERNAL, because the reference
 * system's clients back off for 15 s on any other code. A full queue is UNAVAILABLE and a wait that was too long RESOURCE_EXHAUSTED, as
 * TensorFlow Serving has it.
 */
export const errorTable = {
  INVALID_REQUEST: { http: 400, grpc: "INVALID_ARGUMENT" },
  NOT_AN_IMAGE: { http: 400, grpc: "INVALID_ARGUMENT" },
  IMAGE_TRUNCATED: { http: 400, grpc: "INVALID_ARGUMENT" },
  IMAGE_CORRUPT: { http: 400, grpc: "INVALID_ARGUMENT" },
  IMAGE_TOO_LARGE: { http: 400, grpc: "INVALID_ARGUMENT" },
  UNKNOWN_SIGNATURE: { http: 400, grpc: "FAILED_PRECONDITION" },
  UNAUTHENTICATED: { http: 401, grpc: "UNAUTHENTICATED" },
  NOT_FOUND: { http: 404, grpc: "NOT_FOUND" },
  METHOD_NOT_ALLOWED: { http: 405, grpc: "UNIMPLEMENTED" },
  BODY_TIMEOUT: { http: 408, grpc: "DEADLINE_EXCEEDED" },
  BODY_TOO_LARGE: { http: 413, grpc: "RESOURCE_EXHAUSTED" },
  UNSUPPORTED_FORMAT: { http: 415, grpc: "INVALID_ARGUMENT" },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, grpc: "INVALID_ARGUMENT" },
  HEADER_TOO_LARGE: { http: 431, grpc: "INVALID_ARGUMENT" },
  CANCELLED: { http: 499, grpc: "CANCELLED" },
  INTERNAL: { http: 500, grpc: "INTERNAL" },
  UNIMPLEMENTED: { http: 501, grpc: "UNIMPLEMENTED" },
  MODEL_FAILED: { http: 502, grpc: "INTERNAL" },
  SCRIPT_FAILED: { http: 502, grpc: "INTERNAL" },
  NOT_READY: { http: 503, grpc: "UNAVAILABLE", retryable: true },
  QUEUE_FULL: { http: 503, grpc: "UNAVAILABLE", retryable: true },
  QUEUE_WAIT_EXCEEDED: { http: 503, grpc: "RESOURCE_EXHAUSTED", retryable: true },
  TOO_MANY_BYTES: { http: 503, grpc: "UNAVAILABLE", retryable: true },
  ISSUER_UNREACHABLE: { http: 503, grpc: "UNAVAILABLE", retryable: true },
  WORKER_LOST: { http: 503, grpc: "UNAVAILABLE", retryable: true },
  DEADLINE_EXCEEDED: { http: 504, grpc: "DEADLINE_EXCEEDED" },
} as const satisfies Record<string, ErrorRow>;

/** A key of {@link errorTable}; sent to clients as `error.code`. */
export type ErrorCode = keyof typeof errorTable;

/** An error whose message is meant for the client: it names what is wrong and how to mend it, and nothing else. */
export class ScoringError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(shortened(message), options);
    this.name = "ScoringError";
  }

  /** HTTP status of this error. */
  get httpStatus(): number {
    return errorTable[this.code].http;
  }

  /** True when a client may send the same request again, unchanged. */
  get retryable(): boolean {
    return "retryable" in errorTable[this.code];
  }
}

const shortened = (text: string) =>
  text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}...` : text;

/** Nobody waits for the answer any more. */
export const callerGone = (): ScoringError =>
  new ScoringError("CANCELLED", "The caller has gone away.");

/** The time is up in which the answer was wanted. */
export const tooLate = (): ScoringError =>
  new ScoringError("DEADLINE_EXCEEDED", "The request was not scored in time.");

/** Turns anything thrown into a {@link ScoringError}; what is not one already is masked as INTERNAL, its cause kept for the log. */
export function toScoringError(thrown: unknown): ScoringError {
  if (thrown instanceof ScoringError) return thrown;
  return new ScoringError("INTERNAL", "The server failed to handle the request.", {
    cause: thrown,
  });
}
