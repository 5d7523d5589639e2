import { status, type ServiceError } from "@grpc/grpc-js";

/**
 * What a failed call to the runtime means. `away`: the connection broke, or the runtime or its model is not there now; `busy`: it takes no more
 * requests now; `late`: the call's time is up; `failed`: the runtime has judged the request, and would again.
 */
export type Failure = "away" | "busy" | "late" | "failed";

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "details" in error;

/** grpc-js's words for a stream that ended without a status: the process behind it has gone. */
const brokenOff = /^Received RST_STREAM|^Stream removed|^Connection dropped/;

/**
 * Statuses of a runtime that has gone or has not its model. CANCELLED: we have not cancelled it, a runtime that stops does so to the calls
 * that it has. NOT_FOUND: so say Triton and MLServer of a model that is not loaded.
 */
const awayStatuses = new Set([status.UNAVAILABLE, status.CANCELLED, status.NOT_FOUND]);

/** Classes what a call has thrown; one that the caller has cancelled itself must not be asked about. */
export function failureOf(error: unknown): Failure {
  if (!isServiceError(error)) return "failed";
  const { code, details } = error;
  if (awayStatuses.has(code)) return "away";
  if (code === status.DEADLINE_EXCEEDED) return "late";
  if (code === status.INTERNAL || code === status.UNKNOWN) {
    return brokenOff.test(details) ? "away" : "failed";
  }
  // Of a message that is too large the runtime will not think better.
  return code === status.RESOURCE_EXHAUSTED && !/ larger than /.test(details) ? "busy" : "failed";
}

/** A sentence's second half that tells why a question could not be answered. @param isConnected whether there is a connection */
export function reasonOf(error: unknown, isConnected: boolean): string {
  if (!isServiceError(error)) return String(error);
  if (error.code === status.DEADLINE_EXCEEDED) return "does not answer";
  if (!isConnected) return "cannot be reached";
  if (error.code === status.UNIMPLEMENTED) return "does not speak the Open Inference Protocol";
  return `answers ${status[error.code]}: ${error.details}`;
}
