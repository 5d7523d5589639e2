import type { WrittenAnswer } from "../../inference/call";
import { Metadata, status } from "@grpc/grpc-js";
import { errorTable, ScoringError } from "../../errors";

/**
 * Reads a message. One that cannot be read must be the caller's fault; grpc-js itself would call it INTERNAL, on which old clients retry for long.
 * @param path of the method, for the message of the error
 * @throws ScoringError INVALID_REQUEST, or as `read` throws it
 */
export function readMessage<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ScoringError) throw cause;
    const message = `The message is not a valid request of ${path}: it is cut off or not Protocol Buffers.`;
    throw new ScoringError("INVALID_REQUEST", message, { cause });
  }
}

/** The first value of an entry of the metadata; undefined when there is none, or none that is text. */
export function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === "string" ? value : undefined;
}

/** What a failed call ends with. */
export function statusOf(error: ScoringError) {
  const metadata = new Metadata();
  // The status says what kind of error it is, this says which one.
  metadata.set("error-code", error.code);
  return { code: status[errorTable[error.code].grpc], details: error.message, metadata };
}

/** The message that a form of answers has written. */
export const messageOf = ({ body }: WrittenAnswer): Buffer => body as Buffer;
