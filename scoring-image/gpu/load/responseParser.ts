/** What is looked at of an answer. */
export interface Answer {
  readonly status: number;
  /** Valid until the next piece is read. */
  readonly body: Buffer;
  /** True when the server will close the connection. */
  readonly isLast: boolean;
}

const headEnd = Buffer.from("\r\n\r\n");

/** Where the three digits of the status are in `HTTP/1.1 200 OK`. */
const statusStart = 9;

/**
 * Reads HTTP/1.1 answers with a Content-Length, one at a time: all that a load generator needs, for
 * a fraction of what a complete parser costs, as it shares the cores with the server.
 */
export class ResponseParser {
  /** What has arrived of the present answer. */
  #pieces: Buffer[] = [];
  #length = 0;
  /** Bytes of the whole answer; undefined until its head is complete. */
  #expected: number | undefined;
  #bodyStart = 0;

  /**
   * Takes the next piece of the connection's bytes; memory of the piece may be reused after the
   * call.
   * @returns the answer that this piece completes
   * @throws Error when the answer is none of HTTP/1.1, has no Content-Length, or is followed by
   * what nobody asked for
   */
  read(piece: Buffer): Answer | undefined {
    const only = this.#length === 0;
    this.#length += piece.length;
    if (this.#expected === undefined && !this.#readHead(only ? piece : this.#joined(piece))) {
      this.#pieces.push(Buffer.from(piece));
      return undefined;
    }
    if (this.#length < (this.#expected as number)) {
      this.#pieces.push(Buffer.from(piece));
      return undefined;
    }
    if (this.#length > (this.#expected as number)) throw new Error("more bytes than one answer");
    const answer = answerOf(only ? piece : this.#joined(piece), this.#bodyStart);
    this.#pieces = [];
    this.#length = 0;
    this.#expected = undefined;
    return answer;
  }

  #joined(piece: Buffer): Buffer {
    return Buffer.concat([...this.#pieces, piece]);
  }

  /** @returns false when the head is not complete */
  #readHead(bytes: Buffer): boolean {
    const end = bytes.indexOf(headEnd);
    if (end < 0) return false;
    const head = bytes.toString("latin1", 0, end);
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
    if (!head.startsWith("HTTP/1.1 ") || length === undefined) {
      throw new Error(`an answer without HTTP/1.1 or Content-Length: ${head.slice(0, 100)}`);
    }
    this.#bodyStart = end + headEnd.length;
    this.#expected = this.#bodyStart + Number(length);
    return true;
  }
}

function answerOf(bytes: Buffer, bodyStart: number): Answer {
  const status = Number(bytes.toString("latin1", statusStart, statusStart + 3));
  const head = bytes.toString("latin1", 0, bodyStart);
  return { status, body: bytes.subarray(bodyStart), isLast: /\r\nconnection: *close/i.test(head) };
}
