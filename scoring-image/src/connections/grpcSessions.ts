import { constants, type Http2Session } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { drawAge } from "./connectionAge";
import { grpcStreamOf } from "./grpcStream";

/** The largest id of a stream: a GOAWAY with it asks for no new calls, and refuses none that is on its way. */
const anyStream = 2 ** 31 - 1;

/** How long a client may take to hear of it, in milliseconds, and the calls that it has sent before to arrive. */
const noticeMs = 1000;

export interface SessionAge {
  /** Counted from a connection's first call; 0 for no bound. */
  readonly connectionMaxAgeMs: number;
  readonly connectionMaxAgeGraceMs: number;
}

/**
 * The HTTP/2 connections of a gRPC server, ended in two steps as https://www.rfc-editor.org/rfc/rfc9113#section-6.8 asks: first it is announced, then the
 * last stream is named. grpc-js takes both steps at once, at `grpc.max_connection_age_ms` and in `tryShutdown`: it refuses the calls that are
 * on their way then, and clients see UNAVAILABLE.
 */
export class GrpcSessions {
  readonly #sessions = new Set<Http2Session>();

  constructor(private readonly age: SessionAge) {}

  /** Notes the connection of every call: grpc-js tells nobody else of them. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    const { session } = grpcStreamOf(call).stream;
    if (session && !this.#sessions.has(session)) this.#begin(session);
    return new ServerInterceptingCall(call);
  };

  #begin(session: Http2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    const { connectionMaxAgeMs: ageMs, connectionMaxAgeGraceMs: graceMs } = this.age;
    if (ageMs === 0) return;
    after(session, drawAge(ageMs), () => {
      announce(session);
      after(session, noticeMs, () => session.close());
      after(session, noticeMs + graceMs, () => session.destroy());
    });
  }

  /** Asks every client to go elsewhere, and waits until they have heard it. */
  async announceEnd(): Promise<void> {
    if (this.#sessions.size === 0) return;
    for (const session of this.#sessions) announce(session);
    await delay(noticeMs);
  }
}

function announce(session: Http2Session): void {
  if (session.closed || session.destroyed) return;
  session.goaway(constants.NGHTTP2_NO_ERROR, anyStream);
}

/** Acts on a session that still lives then. */
function after(session: Http2Session, ms: number, act: () => void): void {
  const timer = setTimeout(act, ms).unref();
  session.once("close", () => clearTimeout(timer));
}
