import { ScoringError } from "../errors";

/** What a piece of a body or message takes beside its bytes: callers decide how small the pieces are. */
export const bytesOfPiece = 256;

/**
 * The bytes of all callers that the process holds: bodies and messages as they arrive, and what they inflate to, until they are answered. One
 * bound over all of them, because callers choose where they put theirs.
 */
export class ByteBudget {
  /** Most bytes that are held at a time. */
  readonly maxBytes: number;
  #bytes = 0;
  /** Told of all bytes that arrive, those included that are refused. */
  onArrival: (bytes: number) => void = () => undefined;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A share of it for one request; the caller must `end` it, whatever becomes of the request. */
  lease(): ByteLease {
    return new ByteLease((change) => this.#change(change));
  }

  #change(change: number): void {
    if (change > 0 && this.#bytes + change > this.maxBytes) {
      const message = `Too many requests: ${this.#bytes} bytes of others are being handled already.`;
      throw new ScoringError("TOO_MANY_BYTES", message);
    }
    this.#bytes += change;
  }
}

/** What one request holds of a {@link ByteBudget}. */
export class ByteLease {
  readonly #change: (bytes: number) => void;
  #bytes = 0;
  #hasEnded = false;

  constructor(change: (bytes: number) => void) {
    this.#change = change;
  }

  /**
   * Takes so many bytes more, or gives some back when negative; nothing after the end.
   * @throws ScoringError TOO_MANY_BYTES when the budget has no room for them; then nothing is taken
   */
  add(bytes: number): void {
    if (this.#hasEnded) return;
    this.#change(bytes);
    this.#bytes += bytes;
  }

  /** Gives everything back. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#change(-this.#bytes);
  }
}
