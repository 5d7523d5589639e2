import type { MethodDefinition } from "@grpc/grpc-js";
import { ScoringError } from "../../errors";
import { requestSchema } from "../../proto/protos";
import { refuseCrowdedMessage } from "./crowding";

/**
 * Reads the messages of a method, once it is known that few values will be made of them. One that cannot be read must be the caller's fault;
 * grpc-js itself would call it INTERNAL, on which old clients retry for long.
 * @param file the `.proto` file that has the method
 * @returns a function that throws ScoringError INVALID_REQUEST
 */
export function messageReader(
  file: string,
  { path, requestDeserialize }: MethodDefinition<unknown, unknown>,
): (bytes: Buffer) => unknown {
  const schema = requestSchema(file, path);
  return (bytes) => {
    try {
      refuseCrowdedMessage(bytes, schema);
      return requestDeserialize(bytes);
    } catch (cause) {
      if (cause instanceof ScoringError) throw cause;
      const message = `The message is not a valid request of ${path}: it is cut off or not Protocol Buffers.`;
      throw new ScoringError("INVALID_REQUEST", message, { cause });
    }
  };
}
