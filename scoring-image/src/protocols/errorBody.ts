import type { ScoringError } from "../errors";

/** Body of every HTTP error: a stable code for programs, a sentence for people, the id to look for in the logs. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly requestId: string };
}

export const errorBody = ({ code, message }: ScoringError, requestId: string): ErrorBody => ({
  error: { code, message, requestId },
});
