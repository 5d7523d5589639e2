import { constants, type ServerHttp2Stream } from "node:http2";
import {
  ServerInterceptingCall,
  ServerListenerBuilder,
  type Metadata,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { grpcStreamOf } from "../../connections/grpcStream";
import { toScoringError, type ScoringError } from "../../errors";
import type { ByteBudget } from "../../limits/byteBudget";
import { maxOpenMessageBytes } from "../../limits/bounds";
import { Arrival } from "./arrival";
import { statusOf } from "./wire";

export interface GateOptions {
  /** Whether a method, by its path, needs no key. */
  readonly isOpen: (path: string) => boolean;
  /** Throws when the caller may not call; asked before anything of the message is read. */
  readonly check: (metadata: Metadata, isOpen: boolean) => Promise<void>;
  /** Told of each call that is refused here. */
  readonly onRefusal: (path: string, error: ScoringError) => void;
  readonly budget: ByteBudget;
  /** Largest message in bytes, as sent and after decompression. */
  readonly maxBodyBytes: number;
  /** Longest time for a message to arrive. */
  readonly bodyTimeoutMs: number;
  /** How long a caller may leave an answer unread. */
  readonly writeTimeoutMs: number;
}

/** How long a caller may go on sending after it has been refused, in milliseconds. */
const lingerMs = 1000;

/**
 * What every gRPC call passes before its method: the key is looked at when the headers are there, and only then the message is read, in a
 * bounded time and out of the common budget. grpc-js by itself reads first, for as long as the caller likes.
 */
export const gate =
  (options: GateOptions): ServerInterceptor =>
  ({ path, requestStream, responseStream }, call) => {
    const isOpen = options.isOpen(path);
    const { stream, incomingEncoding } = grpcStreamOf(call);
    const refuse = (thrown: unknown) => {
      const error = toScoringError(thrown);
      call.sendStatus(statusOf(error));
      options.onRefusal(path, error);
      endAfter(stream, lingerMs);
    };
    const arrival = new Arrival(stream, {
      ...options,
      isStream: requestStream,
      maxBytes: isOpen ? maxOpenMessageBytes : options.maxBodyBytes,
      isCompressed: incomingEncoding !== "identity",
      onFailure: refuse,
    });
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        options.check(metadata, isOpen).then(() => {
          arrival.begin();
          next(metadata);
        }, refuse);
      })
      .withOnReceiveMessage((message, next) => {
        // Methods are given their messages as bytes, but for those of health, which are small.
        if (arrival.give(Buffer.isBuffer(message) ? message.length : 0)) next(message);
      })
      .build();
    return new ServerInterceptingCall(call, {
      start: (next) => next(listener),
      sendMessage: (message, next) => {
        // The status of a single answer is sent once that has been read.
        if (!responseStream) endAfter(stream, options.writeTimeoutMs);
        next(message);
      },
      sendStatus: (status, next) => {
        arrival.end();
        endAfter(stream, options.writeTimeoutMs);
        next(status);
      },
    });
  };

/** Ends a call that its caller keeps open, or does not read the answer of. */
function endAfter(stream: ServerHttp2Stream, ms: number): void {
  if (stream.closed) return;
  const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;
  const end = () => stream.close(stream.writableFinished ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  const timer = setTimeout(end, ms).unref();
  stream.once("close", () => clearTimeout(timer));
}
