import type { Socket } from "node:net";

interface Stall {
  /** Bytes that waited to be read when it was last looked. */
  readonly bytes: number;
  readonly since: number;
}

/** Parts of the longest time after which connections are looked at. */
const looksPerTimeout = 4;

/** Most milliseconds between two looks. */
const longestPauseMs = 1000;

/** Ends connections whose clients do not read what they are sent. gRPC's answers wait in their streams and are bounded there. */
export class UnreadAnswers {
  readonly #sockets = new Set<Socket>();
  readonly #stalls = new WeakMap<Socket, Stall>();
  readonly #timeoutMs: number;
  readonly #onEnd: () => void;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param timeoutMs how long none of what waits may be read
   * @param onEnd told of each connection that is ended
   */
  constructor(timeoutMs: number, onEnd: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onEnd = onEnd;
    const pauseMs = Math.min(longestPauseMs, timeoutMs / looksPerTimeout);
    this.#timer = setInterval(() => this.#look(), pauseMs).unref();
  }

  /** Keeps an eye on a connection, after its TLS handshake where there is one. */
  watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const socket of this.#sockets) {
      const bytes = socket.writableLength;
      if (bytes === 0) this.#stalls.delete(socket);
      else this.#judge(socket, bytes, now);
    }
  }

  #judge(socket: Socket, bytes: number, now: number): void {
    const stall = this.#stalls.get(socket);
    // More may have been written meanwhile: only what has become less has been read.
    if (!stall || bytes < stall.bytes) this.#stalls.set(socket, { bytes, since: now });
    else if (now - stall.since >= this.#timeoutMs) {
      socket.destroy();
      this.#onEnd();
    }
  }
}
