import type { WrittenAnswer } from "../../inference/call";
import { Metadata, status } from "@grpc/grpc-js";
import { errorTable, type ScoringError } from "../../errors";

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
