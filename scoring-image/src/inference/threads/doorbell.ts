/** Wakes the event loop for replies: one futex that all channels ring, so that many replies cost one wake-up. */
export class Doorbell {
  readonly memory = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.memory);
  readonly #listeners = new Set<() => void>();
  #isListening = false;

  /** Calls the listener after each ring; it must look by itself whether the ring was for it. @returns ends that */
  onRing(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#isListening) this.#listen(Atomics.load(this.#word, 0));
    return () => void this.#listeners.delete(listener);
  }

  #listen(seen: number): void {
    this.#isListening = this.#listeners.size > 0;
    if (!this.#isListening) return;
    const ring = () => {
      const now = Atomics.load(this.#word, 0);
      for (const listener of this.#listeners) listener();
      this.#listen(now);
    };
    const { async, value } = Atomics.waitAsync(this.#word, 0, seen);
    // Rung meanwhile: the loop gets a turn in between, or a stream of replies would starve the sockets.
    if (async) void value.then(ring);
    else setImmediate(ring);
  }
}
