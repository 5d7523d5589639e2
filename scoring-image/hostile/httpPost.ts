import { gzipSync } from "node:zlib";
import { paths } from "../src/contract";
import type { Wire } from "./wire";

/** Of the bundled model, in TensorFlow Serving's REST. */
export const predictPath = "/v1/models/efficientnet-lite0:predict";

export interface Post {
  /** `/score` unless given. */
  readonly path?: string;
  /** Sent one after the other. */
  readonly parts: readonly Buffer[];
  /** What the header says the body's length is; that of the parts unless given. */
  readonly length?: number;
  /** Whether the parts are gzip. */
  readonly isCompressed?: boolean;
}

/** One POST on a connection of its own, which is reset once its outcome is known. @returns see `Wire.outcome` */
export async function post(wire: Wire, request: Post): Promise<string> {
  const { path = paths.score, parts, isCompressed = false } = request;
  const length = request.length ?? parts.reduce((sum, part) => sum + part.length, 0);
  const socket = await wire.connect();
  const outcome = wire.outcome(socket);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: ${wire.authorization}`,
    `Content-Length: ${length}`,
    ...(isCompressed ? ["Content-Encoding: gzip"] : []),
  ];
  await wire.write(socket, `${head.join("\r\n")}\r\n\r\n`);
  void (async () => {
    for (const part of parts) {
      if (socket.destroyed) return;
      await wire.write(socket, part);
    }
  })();
  const found = await outcome;
  socket.destroy();
  return found;
}

/** A body of so many bytes, in gzip that may be sent as it is. */
export const compressed = (body: Buffer): Buffer => gzipSync(body, { level: 9 });
