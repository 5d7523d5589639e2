import type { ServerHttp2Stream } from "node:http2";
import { ScoringError } from "../../errors";
import { bytesOfPiece, type ByteBudget, type ByteLease } from "../../limits/byteBudget";

export interface ArrivalOptions {
  readonly budget: ByteBudget;
  /** Largest message in bytes, as sent. */
  readonly maxBytes: number;
  /** Largest message in bytes after decompression. */
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly isCompressed: boolean;
  /** Whether the caller may send more than one message. */
  readonly isStream: boolean;
  /** Told when the call must be refused. */
  readonly onFailure: (error: ScoringError) => void;
}

/** Bytes before each message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** Of messages that must be small, compressed ones must be so much smaller: they become up to a thousand times larger. */
const smallMessageShare = 16;

/** The most that deflate makes of a byte. */
const largestRatio = 1032;

/** The messages of one call as they arrive, frame by frame: their time, their size and what they hold of the budget. */
export class Arrival {
  readonly #options: ArrivalOptions;
  readonly #lease: ByteLease;
  #timer: NodeJS.Timeout | undefined;
  #prefix = Buffer.alloc(0);
  /** Bytes of the message behind the prefix that have not arrived. */
  #missing = 0;
  /** What the message that is arriving holds of the budget. */
  #held = 0;
  /** What those hold that have arrived and were not given to the method, the oldest first. */
  readonly #arrived: number[] = [];
  /** What the one holds that the method has. */
  #given = 0;
  #hasFailed = false;

  constructor(stream: ServerHttp2Stream, options: ArrivalOptions) {
    this.#options = options;
    this.#lease = options.budget.lease();
    // Before grpc-js, which collects and decompresses the frame, unless the call has been ended by then.
    stream.prependListener("data", (frame: Buffer) => this.#take(frame));
    stream.once("close", () => {
      this.end();
      this.#lease.end();
    });
  }

  /** The caller may send its message now. */
  begin(): void {
    const { bodyTimeoutMs } = this.#options;
    this.#timer ??= setTimeout(() => {
      const message = `The message did not arrive within ${bodyTimeoutMs} ms.`;
      this.#fail(new ScoringError("BODY_TIMEOUT", message));
    }, bodyTimeoutMs);
  }

  /** The method is given the oldest message, decompressed to so many bytes. @returns false when the call has been refused */
  give(bytes: number): boolean {
    if (this.#hasFailed) return false;
    this.end();
    const held = this.#arrived.shift() ?? 0;
    const change = bytes - held - this.#given;
    // What it may be decompressed to was taken before, so that this only gives back.
    this.#lease.add(Math.min(0, change));
    this.#given = bytes;
    return true;
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #take(frame: Buffer): void {
    this.#options.budget.onArrival(frame.length);
    if (this.#hasFailed) return;
    // Of a stream of messages the next one has begun.
    this.begin();
    try {
      for (let rest = frame; rest.length > 0;) rest = this.#read(rest);
    } catch (error) {
      this.#fail(error as ScoringError);
    }
  }

  /** Reads on in the message that is arriving. @returns what lies behind it */
  #read(bytes: Buffer): Buffer {
    const wanted = prefixBytes - this.#prefix.length;
    const prefix = bytes.subarray(0, wanted);
    if (wanted > 0) {
      this.#hold(prefix.length + bytesOfPiece);
      this.#prefix = Buffer.concat([this.#prefix, prefix]);
      if (this.#prefix.length < prefixBytes) return bytes.subarray(prefix.length);
      this.#begin(this.#prefix.readUInt32BE(1));
    }
    const data = bytes.subarray(prefix.length, prefix.length + this.#missing);
    this.#hold(data.length + bytesOfPiece);
    this.#missing -= data.length;
    if (this.#missing === 0) this.#complete();
    return bytes.subarray(prefix.length + data.length);
  }

  /** Refuses a message by the length that it says of itself. */
  #begin(length: number): void {
    const { maxBodyBytes, isCompressed, isStream } = this.#options;
    // A small message stays small when it is decompressed.
    const maxBytes =
      isCompressed && this.#options.maxBytes < maxBodyBytes
        ? this.#options.maxBytes / smallMessageShare
        : this.#options.maxBytes;
    if (length > maxBytes) {
      const message = `The message of ${length} bytes is larger than ${maxBytes} bytes.`;
      throw new ScoringError("BODY_TOO_LARGE", message);
    }
    if (!isStream && (this.#arrived.length > 0 || this.#given > 0)) {
      throw new ScoringError(
        "INVALID_REQUEST",
        "This method takes one message, and here are more.",
      );
    }
    this.#missing = length;
  }

  /** Makes room for what a message may be decompressed to, before anything is decompressed. */
  #complete(): void {
    const { maxBodyBytes, isCompressed } = this.#options;
    if (isCompressed && this.#prefix[0] === 1) {
      this.#hold(Math.min(maxBodyBytes, largestRatio * this.#held));
    }
    this.#arrived.push(this.#held);
    this.#held = 0;
    this.#prefix = Buffer.alloc(0);
  }

  #hold(bytes: number): void {
    this.#lease.add(bytes);
    this.#held += bytes;
  }

  #fail(error: ScoringError): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.end();
    this.#lease.end();
    this.#options.onFailure(error);
  }
}
