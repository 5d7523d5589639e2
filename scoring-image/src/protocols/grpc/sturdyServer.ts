import type { ServerHttp2Stream } from "node:http2";
import { Server, type ServerOptions } from "@grpc/grpc-js";

/** What grpc-js calls on a new stream before it knows the method; not declared in its types. */
interface EarlyAnswers {
  _verifyContentType: (stream: ServerHttp2Stream, ...rest: unknown[]) => boolean;
  _respondWithError: (error: unknown, stream: ServerHttp2Stream, ...rest: unknown[]) => void;
}

/**
 * A gRPC server that outlives streams which are reset in the packet that opens them: grpc-js 1.14.7 answers them without looking, from an event's
 * listener, and the exception ends the process.
 */
export function sturdyServer(options: ServerOptions): Server {
  const server = new Server(options);
  const early = server as unknown as EarlyAnswers;
  const { _verifyContentType: verify, _respondWithError: respond } = early;
  early._verifyContentType = (stream, ...rest) =>
    !stream.destroyed && verify.call(server, stream, ...rest);
  early._respondWithError = (error, stream, ...rest) => {
    if (!stream.destroyed) respond.call(server, error, stream, ...rest);
  };
  return server;
}
