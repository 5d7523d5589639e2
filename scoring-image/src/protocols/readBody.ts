import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ScoringError, toScoringError } from "../errors";
import { mapInTurns } from "../inTurns";
import { bytesOfPiece } from "../limits/byteBudget";

/** Not written where it is used: there it would keep all that has arrived for as long as the request lives. */
const ignore = () => undefined;

export interface BodyLimits {
  /** Bound on the body as sent and, when it is compressed, as it is after decompression. */
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** Reads a request's whole body, as `readParts` does, into a buffer of its own, whose memory may be moved to another thread. */
export async function readBody(
  request: FastifyRequest,
  limits: BodyLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  return join(await readParts(request, limits));
}

/**
 * Reads a request's whole body in the pieces in which it arrives, at least one, whatever its Content-Type; gzip is decompressed. What
 * arrives beyond the bound is never kept.
 * @throws ScoringError BODY_TOO_LARGE, BODY_TIMEOUT, UNSUPPORTED_MEDIA_TYPE for another Content-Encoding, INVALID_REQUEST for bad gzip, or
 * CANCELLED when the connection closes before the end, TOO_MANY_BYTES when too many of others are held
 */
export function readParts(
  { raw: request, exchange }: FastifyRequest,
  { maxBodyBytes, bodyTimeoutMs }: BodyLimits,
): Promise<readonly Buffer[]> {
  const declared = Number(request.headers["content-length"] ?? 0);
  const tooLarge = () =>
    new ScoringError("BODY_TOO_LARGE", `The body is larger than ${maxBodyBytes} bytes.`);
  if (declared > maxBodyBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const source = decompressed(request);
    exchange.askForBody();
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => {
      const message = `The body did not arrive within ${bodyTimeoutMs} ms.`;
      finish(() => reject(new ScoringError("BODY_TIMEOUT", message)));
    }, bodyTimeoutMs);
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      try {
        if (length > maxBodyBytes) throw tooLarge();
        exchange.hold(chunk.length + bytesOfPiece);
        chunks.push(chunk);
        if (source === request) exchange.takeTurn(chunk.length);
      } catch (error) {
        finish(() => reject(toScoringError(error)));
      }
    };
    const onEnd = () => finish(() => resolve(chunks.length > 0 ? chunks : [Buffer.alloc(0)]));
    const onClose = () => {
      // A compressed body may have arrived whole and still be in decompression.
      if (source !== request && request.complete) return;
      finish(() => reject(new ScoringError("CANCELLED", "The connection closed before the end.")));
    };
    const onCorrupt = (cause: Error) =>
      finish(() =>
        reject(new ScoringError("INVALID_REQUEST", "The body is not valid gzip.", { cause })),
      );
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      source.off("data", onData).off("end", onEnd);
      request.off("close", onClose).off("error", onClose);
      request.unpipe();
      exchange.discardBody();
      request.on("error", ignore);
      if (source !== request) source.on("error", ignore).destroy();
      settle();
    };
    source.on("data", onData).on("end", onEnd);
    if (source !== request) source.on("error", onCorrupt);
    request.on("close", onClose).on("error", onClose);
  });
}

function decompressed(request: IncomingMessage): Readable {
  const encoding = request.headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "identity") return request;
  if (encoding === "gzip") return request.pipe(createGunzip());
  const message = `The Content-Encoding ${encoding} is not supported; send gzip or none.`;
  throw new ScoringError("UNSUPPORTED_MEDIA_TYPE", message);
}

/** Joins without Node's shared buffer pool: the result's memory is moved to a worker, and a pool must not be. */
async function join(chunks: readonly Buffer[]): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  await mapInTurns(chunks, (chunk) => {
    body.set(chunk, at);
    at += chunk.length;
  });
  return body;
}
