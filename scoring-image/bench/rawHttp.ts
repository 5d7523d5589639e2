/** HTTP/1.1 over plain sockets, for load generators: what node:http adds to a call would be counted against the server. */
import { connect, type Socket } from "node:net";

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: readonly Buffer[];
}

const headEnd = Buffer.from("\r\n\r\n");
const nothing = Buffer.alloc(0);

/** The bytes of a POST, which every call of a load sends as they are. */
export function postBytes(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Buffer {
  const all = { host: new URL(url).host, ...headers, "content-length": body.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}

/** The value of an answer's header, or undefined. */
export const headerOf = ({ head }: RawAnswer, name: string): string | undefined =>
  new RegExp(`\r\n${name}:[ \t]*([^\r]*)\r\n`, "i").exec(head)?.[1];

/** Puts the answers of one connection together, on which a request is only sent when the last is answered. */
export class AnswerParser {
  #start: Buffer = nothing;
  #head: string | undefined;
  #body: Buffer[] = [];
  #missing = 0;

  /**
   * Takes what has arrived.
   * @returns the answer with the piece that completes it
   * @throws Error when it is no answer of HTTP/1.1, does not tell its length, or is longer than it says
   */
  push(chunk: Buffer): RawAnswer | undefined {
    const content = this.#head === undefined ? this.#readHead(chunk) : chunk;
    if (content === undefined) return undefined;
    if (content.length > 0) this.#body.push(content);
    this.#missing -= content.length;
    if (this.#missing < 0) throw new Error("more bytes came than the answer's content-length");
    if (this.#missing > 0) return undefined;
    const head = this.#head as string;
    const answer = { status: Number(head.slice(9, 12)), head, body: this.#body };
    this.#start = nothing;
    this.#head = undefined;
    this.#body = [];
    return answer;
  }

  /** @returns the first bytes of the body once the head is complete */
  #readHead(chunk: Buffer): Buffer | undefined {
    const start = this.#start.length === 0 ? chunk : Buffer.concat([this.#start, chunk]);
    const end = start.indexOf(headEnd);
    if (end < 0) {
      this.#start = start;
      return undefined;
    }
    const head = start.toString("latin1", 0, end + headEnd.length);
    const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(head)?.[1];
    if (!/^HTTP\/1\.1 \d{3}[ \r]/.test(head) || length === undefined) {
      throw new Error(`not an answer of HTTP/1.1 with a content-length:\n${head}`);
    }
    this.#head = head;
    this.#missing = Number(length);
    return start.subarray(end + headEnd.length);
  }
}

/** One client, which keeps its connection for as long as the server does. */
export class RawClient {
  readonly #url: URL;
  #socket: Socket | undefined;
  #pending: PromiseWithResolvers<RawAnswer> | undefined;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /**
   * Sends a request; call only when the last is answered.
   * @throws Error when the answer is not 200, since a bench of errors would be worthless, or none comes
   */
  call(request: Buffer): Promise<RawAnswer> {
    this.#pending = Promise.withResolvers<RawAnswer>();
    (this.#socket ??= this.#connect()).write(request);
    return this.#pending.promise;
  }

  close(): void {
    this.#pending = undefined;
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const { hostname: host, port } = this.#url;
    const socket = connect({ host, port: Number(port), noDelay: true });
    const parser = new AnswerParser();
    let reason: Error | undefined;
    socket.on("data", (chunk) => {
      try {
        const answer = parser.push(chunk);
        if (answer) this.#settle(socket, answer);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("error", (error) => (reason = error));
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#pending?.reject(reason ?? new Error("the server closed the connection"));
    });
    return socket;
  }

  #settle(socket: Socket, answer: RawAnswer): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (headerOf(answer, "connection")?.toLowerCase() === "close") {
      this.#socket = undefined;
      socket.destroy();
    }
    if (answer.status === 200) pending?.resolve(answer);
    else pending?.reject(new Error(`the server answered ${answer.head}${textOf(answer)}`));
  }
}

/** An answer's body in one piece. */
export const bodyOf = ({ body: [first = nothing, ...others] }: RawAnswer): Buffer =>
  others.length === 0 ? first : Buffer.concat([first, ...others]);

const textOf = (answer: RawAnswer) => bodyOf(answer).toString();
