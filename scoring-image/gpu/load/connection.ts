import net from "node:net";
import { ResponseParser, type Answer } from "./responseParser";

/** Where requests go. */
export interface Target {
  readonly port: number;
  readonly host: string;
}

/** Bytes that are read at once; several connections take turns in the same memory. */
const readBuffer = Buffer.alloc(1 << 18);

/** The bytes of a request that scores a picture; they are made once and sent again and again. */
export function requestBytes(path: string, key: string, body: Buffer): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    `authorization: Bearer ${key}`,
    "content-type: application/octet-stream",
    `content-length: ${body.length}`,
  ].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
}

/**
 * One client's connection: one request at a time, and a new socket when the server closes the old
 * one between two of them.
 */
export class Connection {
  #socket: net.Socket | undefined;
  #settle: ((outcome: Answer | Error) => void) | undefined;

  constructor(private readonly target: Target) {}

  /**
   * Sends a request; call only when the last has been answered.
   * @param settle called with the answer, whose body is valid during the call, or with why there is
   * none
   */
  send(request: Buffer, settle: (outcome: Answer | Error) => void): void {
    this.#settle = settle;
    (this.#socket ??= this.#connect()).write(request);
  }

  close(): void {
    this.#settle = undefined;
    this.#drop();
  }

  #connect(): net.Socket {
    const parser = new ResponseParser();
    const callback = (bytes: number) => {
      if (socket === this.#socket) this.#read(parser, readBuffer.subarray(0, bytes));
      return true;
    };
    const socket = net.connect({ ...this.target, onread: { buffer: readBuffer, callback } });
    socket.setNoDelay(true);
    const end = (reason: Error) => {
      if (socket !== this.#socket) return;
      this.#drop();
      this.#finish(reason);
    };
    socket.on("error", end);
    socket.on("close", () => end(new Error("the server closed the connection")));
    return socket;
  }

  #read(parser: ResponseParser, piece: Buffer): void {
    let outcome: Answer | Error | undefined;
    try {
      outcome = parser.read(piece);
    } catch (error) {
      outcome = error as Error;
    }
    if (outcome === undefined) return;
    if (outcome instanceof Error || outcome.isLast) this.#drop();
    this.#finish(outcome);
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #finish(outcome: Answer | Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }
}
