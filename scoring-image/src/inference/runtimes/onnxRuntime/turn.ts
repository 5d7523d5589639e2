/** Nobody's turn. */
const free = 0;

/**
 * Lets one lane at a time append work to a stream that all share: while a CUDA graph is captured,
 * whatever another thread appends would become a part of it.
 */
export class Turn {
  readonly #holder: Int32Array<SharedArrayBuffer>;

  /** @param memory of 4 bytes, zero at first */
  constructor(memory = new SharedArrayBuffer(4)) {
    this.#holder = new Int32Array(memory);
  }

  /** To be given to the other threads. */
  get memory(): SharedArrayBuffer {
    return this.#holder.buffer;
  }

  /** Waits for the turn, then calls. @param lane its number, from 1 */
  take<Result>(lane: number, call: () => Result): Result {
    for (;;) {
      const holder = Atomics.compareExchange(this.#holder, 0, free, lane);
      if (holder === free) break;
      Atomics.wait(this.#holder, 0, holder);
    }
    try {
      return call();
    } finally {
      this.abandon(lane);
    }
  }

  /** Gives back the turn of a lane, if it has it: for one whose thread has ended. */
  abandon(lane: number): void {
    if (Atomics.compareExchange(this.#holder, 0, lane, free) === lane) {
      Atomics.notify(this.#holder, 0);
    }
  }
}
