import { constants, type ServerHttp2Stream } from "node:http2";
import { Server, type ServerOptions } from "@grpc/grpc-js";
import { maxCalls } from "../../limits/bounds";

/** What grpc-js calls on a new stream before it makes anything of it; not declared in its types. */
interface EarlyAnswers {
  _verifyContentType: (stream: ServerHttp2Stream, ...rest: unknown[]) => boolean;
  _respondWithError: (error: unknown, stream: ServerHttp2Stream, ...rest: unknown[]) => void;
}

/**
 * A gRPC server with a bound on the calls under way, which outlives streams that are reset in the packet that opens them: grpc-js 1.14.7 answers
 * them without looking, from an event's listener, and the exception ends the process.
 */
export function sturdyServer(options: ServerOptions): Server {
  const server = new Server(options);
  const early = server as unknown as EarlyAnswers;
  const { _verifyContentType: verify, _respondWithError: respond } = early;
  let calls = 0;
  early._verifyContentType = (stream, ...rest) => {
    if (stream.destroyed) return false;
    if (calls >= maxCalls) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    calls++;
    stream.once("close", () => calls--);
    return verify.call(server, stream, ...rest);
  };
  early._respondWithError = (error, stream, ...rest) => {
    if (!stream.destroyed) respond.call(server, error, stream, ...rest);
  };
  return server;
}
