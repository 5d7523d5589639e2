import {
  constants,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { Server, type ServerOptions } from "@grpc/grpc-js";
import { maxOpenCalls, maxRefusedCalls } from "../../limits/bounds";

/** What grpc-js calls on a new stream before it makes anything of it; not declared in its types. */
interface EarlyAnswers {
  _verifyContentType: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;
  _respondWithError: (error: unknown, stream: ServerHttp2Stream, ...rest: unknown[]) => void;
}

/**
 * A gRPC server with a bound on the calls under way that need no key, which outlives streams that are reset in the packet that opens them: grpc-js 1.14.7 answers
 * them without looking, from an event's listener, and the exception ends the process.
 * @param isOpen whether a method, by its path, needs no key
 */
export function sturdyServer(options: ServerOptions, isOpen: (path: string) => boolean): Server {
  const server = new Server(options);
  const early = server as unknown as EarlyAnswers;
  const { _verifyContentType: verify, _respondWithError: respond } = early;
  const refusals = new WeakMap<Http2Session, number>();
  let calls = 0;
  early._verifyContentType = (stream, headers) => {
    if (stream.destroyed) return false;
    if (isOpen(headers[":path"] ?? "")) {
      if (calls >= maxOpenCalls) {
        refuse(stream, refusals);
        return false;
      }
      calls++;
      stream.once("close", () => calls--);
    }
    return verify.call(server, stream, headers);
  };
  early._respondWithError = (error, stream, ...rest) => {
    if (!stream.destroyed) respond.call(server, error, stream, ...rest);
  };
  return server;
}

/** Refuses a call; a client that goes on for long loses its connection, since each refusal costs more than it cost the client. */
function refuse(stream: ServerHttp2Stream, refusals: WeakMap<Http2Session, number>): void {
  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM } = constants;
  const { session } = stream;
  stream.close(NGHTTP2_REFUSED_STREAM);
  if (!session) return;
  const count = (refusals.get(session) ?? 0) + 1;
  refusals.set(session, count);
  if (count <= maxRefusedCalls || session.destroyed) return;
  session.goaway(NGHTTP2_ENHANCE_YOUR_CALM);
  session.destroy();
}
