import http2, { type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Wire } from "./wire";

/** Full names of the methods that are attacked. */
export const methods = {
  check: "/grpc.health.v1.Health/Check",
  watch: "/grpc.health.v1.Health/Watch",
  modelReady: "/inference.GRPCInferenceService/ModelReady",
  modelInfer: "/inference.GRPCInferenceService/ModelInfer",
  modelMetadata: "/inference.GRPCInferenceService/ModelMetadata",
  predict: "/tensorflow.serving.PredictionService/Predict",
  classify: "/tensorflow.serving.PredictionService/Classify",
} as const;

/** A message with the prefix of the gRPC protocol; gzip where it is said to be compressed. */
export function framed(message: Buffer, isCompressed = false): Buffer {
  const body = isCompressed ? gzipSync(message) : message;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isCompressed ? 1 : 0);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/**
 * An HTTP/2 connection as a gRPC client opens it.
 * @param windowBytes what the server may send unasked on each stream; with 0 its answers stay where they are
 * @throws the system's error when there is no connection to be had
 */
export async function openSession(wire: Wire, windowBytes = 65_535): Promise<ClientHttp2Session> {
  const socket = await wire.connect("h2");
  const session = http2.connect(`${wire.ca === undefined ? "http" : "https"}://localhost`, {
    createConnection: () => socket,
    settings: { initialWindowSize: windowBytes, enablePush: false },
  });
  // Each call listens for the session's end.
  return session.setMaxListeners(0).on("error", () => undefined);
}

export interface GrpcCall {
  readonly method: string;
  /** Framed messages, or parts of one, sent one after the other. */
  readonly parts: readonly Buffer[];
  /** Whether the messages are in gzip. */
  readonly isCompressed?: boolean;
  /** Whether the client says that nothing more comes. */
  readonly ends: boolean;
}

/** Calls, and reads whatever comes. @returns `gRPC` with the status code, `HTTP` with a status that is not 200, `reset`, `closed` or `open` */
export async function call(
  wire: Wire,
  session: ClientHttp2Session,
  { method, parts, isCompressed = false, ends }: GrpcCall,
): Promise<string> {
  if (session.destroyed || session.closed) return "closed";
  const stream = session.request({
    ":method": "POST",
    ":path": method,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: wire.authorization,
    ...(isCompressed ? { "grpc-encoding": "gzip" } : {}),
  });
  stream.on("error", () => undefined).resume();
  const outcome = outcomeOf(session, stream);
  for (const part of parts) {
    if (stream.destroyed) break;
    await wire.write(stream, part);
  }
  if (ends && !stream.destroyed) stream.end();
  return Promise.race([outcome, wire.timeUp.then(() => delay(1000, "open"))]);
}

function outcomeOf(session: ClientHttp2Session, stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    const look = (headers: NodeJS.Dict<string | string[] | number>) => {
      if (headers["grpc-status"] !== undefined) resolve(`gRPC ${String(headers["grpc-status"])}`);
      else if (headers[":status"] !== undefined && headers[":status"] !== 200)
        resolve(`HTTP ${String(headers[":status"])}`);
    };
    stream.on("response", look).on("trailers", look);
    stream.on("close", () => resolve(session.destroyed ? "closed" : "reset"));
    session.on("close", () => resolve("closed"));
  });
}
