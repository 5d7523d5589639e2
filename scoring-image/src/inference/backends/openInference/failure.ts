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

/** Classes what a call has thrown; one that the caller has cancelled itself must not be asked about. */
export function failureOf(error: unknown): Failure {
  if (!isServiceError(error)) return "failed";
  switch (error.code) {
    case status.UNAVAILABLE:
    // We have not cancelled it: a runtime that stops does so to the calls that it has.
    case status.CANCELLED:
    // Triton and MLServer say so of a model that is not loaded.
    case status.NOT_FOUND:
      return "away";
    case status.INTERNAL:
    case status.UNKNOWN:
      return brokenOff.test(error.details) ? "away" : "failed";
    case status.RESOURCE_EXHAUSTED:
      // Of a message that is too large the runtime will not think better.
      return / larger than /.test(error.details) ? "failed" : "busy";
    case status.DEADLINE_EXCEEDED:
      return "late";
    default:
      return "failed";
  }
}

/** A sentence's second half that tells why a question could not be answered. @param isConnected whether there is a connection */
export function reasonOf(error: unknown, isConnected: boolean): string {
  if (!isServiceError(error)) return String(error);
  if (error.code === status.DEADLINE_EXCEEDED) return "does not answer";
  if (!isConnected) return "cannot be reached";
  if (error.code === status.UNIMPLEMENTED) return "does not speak the Open Inference Protocol";
  return `answers ${status[error.code]}: ${error.details}`;
}
