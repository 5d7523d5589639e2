import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ByteBudget, ByteLease } from "../limits/byteBudget";
import { maxUnanswered } from "../limits/bounds";

/** Clients that wait to be told before they send a body (RFC 9110, section 10.1.1). */
const waiting = new WeakSet<IncomingMessage>();

/** Has such clients wait until somebody wants their body, and not only until the headers are there: a key may be wrong. */
export function holdBodies(server: Server): void {
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit("request", request, response);
  });
}

/** What all exchanges of a server share. */
export interface ExchangeBounds {
  readonly budget: ByteBudget;
  readonly pipelining: Pipelining;
}

/** From so many bytes on a body is read in turns with others; photographs are smaller. */
const largeBody = 512 * 1024;

/** One request and its answer: what they hold, and their place on their connection. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #budget: ByteBudget;
  readonly #lease: ByteLease;
  #read = 0;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { budget, pipelining }: ExchangeBounds,
  ) {
    this.#request = request;
    this.#response = response;
    this.#budget = budget;
    this.#lease = budget.lease();
    const { socket } = request;
    response.once("close", () => {
      this.#lease.end();
      pipelining.end(socket);
    });
  }

  /** Takes bytes that have arrived out of the budget until the answer is sent. @throws ScoringError TOO_MANY_BYTES */
  hold(bytes: number): void {
    this.#budget.onArrival(bytes);
    this.#lease.add(bytes);
  }

  /** Lets what still comes of a body pass, so that the answer reaches a client that is still sending. */
  discardBody(): void {
    this.#request
      .on("data", ({ length }: Buffer) => {
        this.#budget.onArrival(length);
        this.takeTurn(length);
      })
      .resume();
  }

  /**
   * Lets other connections go first after a piece of a large body. By itself Node reads up to 2 MB of a connection before it looks at the next
   * one: 200 uploads over a quick network held all others up for seconds.
   */
  takeTurn(bytes: number): void {
    this.#read += bytes;
    if (this.#read < largeBody) return;
    this.#request.pause();
    setImmediate(() => this.#request.resume());
  }

  /** Tells a client that waits for it to send its body. */
  askForBody(): void {
    if (waiting.delete(this.#request)) this.#response.writeContinue();
  }
}

/**
 * Node parses all that it has read of a connection and hands every request over, although the connection has been ended: 1,600 requests of one
 * packet took 30 ms. A 2 tells its parser of an upgrade, behind which it parses nothing.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as { readonly parser?: { onIncoming: () => number } | null };
  if (parser) parser.onIncoming = () => 2;
}

/** Counts the requests of each connection that have not been answered. */
export class Pipelining {
  readonly #unanswered = new WeakMap<Socket, number>();

  /**
   * Notes a request. A client that has sent too many without reading an answer loses its connection.
   * @returns whether the request is to be answered
   */
  begin(socket: Socket): boolean {
    if (socket.destroyed) return false;
    const count = (this.#unanswered.get(socket) ?? 0) + 1;
    this.#unanswered.set(socket, count);
    if (count <= maxUnanswered) return true;
    socket.destroy();
    stopParsing(socket);
    return false;
  }

  /** A request of the connection has been answered. */
  end(socket: Socket): void {
    this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1);
  }
}
