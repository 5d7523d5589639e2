import { status, type ServiceError } from "@grpc/grpc-js";
import { maxAnswerBytes } from "./answer";
import { ScoringFailure, type FailureKind } from "./scoringFailure";

const retryable: readonly status[] = [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED];
const refused: readonly status[] = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];

/** A message over a size limit is RESOURCE_EXHAUSTED too, in the words of gRPC's implementations, and will be so again. */
const isTooLarge = ({ code, details }: ServiceError) =>
  code === status.RESOURCE_EXHAUSTED && /larger than|exceeds maximum/i.test(details);

/** Our own bound, in grpc-js's words "Received message larger than max (SIZE vs BOUND)". */
const isLargeAnswer = (error: ServiceError) =>
  isTooLarge(error) && error.details.includes(`vs ${maxAnswerBytes}`);

function kindOf(error: ServiceError, isFromService: boolean): FailureKind {
  if (isLargeAnswer(error)) return "unavailable";
  if (refused.includes(error.code)) return "refused";
  if (error.code === status.INVALID_ARGUMENT || isTooLarge(error)) return "badImage";
  // The service itself says which error it is; without that word the call did not get through.
  return error.code === status.UNAVAILABLE && !isFromService ? "unreachable" : "unavailable";
}

/** Tells what a gRPC status means to a caller; `code` is the trailer `error-code` of our service, else the status's name. */
export function grpcFailure(error: ServiceError, url: string): ScoringFailure {
  const [named] = error.metadata.get("error-code");
  const kind = kindOf(error, named !== undefined);
  const message =
    kind === "unreachable" ? `${url} cannot be reached: ${error.details}` : error.details;
  return new ScoringFailure(kind, String(named ?? status[error.code]), message, {
    cause: error,
    retryable: retryable.includes(error.code) && !isTooLarge(error),
  });
}
