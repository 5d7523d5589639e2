import type { IncomingMessage } from "node:http";
import { ScoringError } from "../errors";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/**
 * Reads a request's whole body into a buffer of its own, whatever its Content-Type. What arrives beyond the bound is never kept.
 * @throws ScoringError BODY_TOO_LARGE, BODY_TIMEOUT, or CANCELLED when the connection closes before the end
 */
export function readBody(
  request: IncomingMessage,
  { maxBodyBytes, bodyTimeoutMs }: BodyLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  const tooLarge = () =>
    new ScoringError("BODY_TOO_LARGE", `The body is larger than ${maxBodyBytes} bytes.`);
  if (declared > maxBodyBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => {
      const message = `The body did not arrive within ${bodyTimeoutMs} ms.`;
      finish(() => reject(new ScoringError("BODY_TIMEOUT", message)));
    }, bodyTimeoutMs);
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBodyBytes) finish(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = () => finish(() => resolve(join(chunks, length)));
    const onClose = () =>
      finish(() => reject(new ScoringError("CANCELLED", "The connection closed before the end.")));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      // Node discards the rest, so that the answer reaches a client that is still sending.
      request.resume();
      request.on("error", () => undefined);
      settle();
    };
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/** Joins without Node's shared buffer pool: the result's memory is moved to a worker, and a pool must not be. */
function join(chunks: readonly Buffer[], length: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
