/** States of a gate beside the number of the run that is inside. */
const open = 0;
/** Another thread is just ending the run. */
const ending = -1;
/** The run has been told to end and is still inside. */
const ended = -2;
const shut = -3;

/** Largest number of a run. */
export const largestRunId = 2 ** 31 - 2;

/**
 * Lets one run at a time through, and lets another thread end exactly that run or none. Both
 * threads make one over the same memory. Once it is shut no run ever gets in again.
 */
export class RunGate {
  readonly #state: Int32Array<SharedArrayBuffer>;

  /** @param memory of 4 bytes, zero at first */
  constructor(memory = new SharedArrayBuffer(4)) {
    this.#state = new Int32Array(memory);
  }

  /** To be given to the other thread. */
  get memory(): SharedArrayBuffer {
    return this.#state.buffer;
  }

  /** @throws Error when the gate is shut, or a run is inside */
  enter(id: number): void {
    if (id < 1 || id > largestRunId) throw new Error(`a run cannot have the number ${id}`);
    const before = Atomics.compareExchange(this.#state, 0, open, id);
    if (before === shut) throw new Error("the runtime is closed");
    if (before !== open) throw new Error("a run is in progress");
  }

  /**
   * To be called by the thread of the run. Waits while another thread is just ending it, so that
   * what that thread does cannot hit the next run.
   * @param undo called if it was ended, before the next run can get in
   * @returns false when the run was ended from outside
   */
  leave(id: number, undo: () => void): boolean {
    if (Atomics.compareExchange(this.#state, 0, id, open) === id) return true;
    while (Atomics.load(this.#state, 0) === ending) Atomics.wait(this.#state, 0, ending);
    undo();
    Atomics.compareExchange(this.#state, 0, ended, open);
    return false;
  }

  /**
   * To be called by the other thread: calls `endRun` if the run of that number is inside.
   * @returns whether it was
   */
  end(id: number, endRun: () => void): boolean {
    if (Atomics.compareExchange(this.#state, 0, id, ending) !== id) return false;
    endRun();
    Atomics.store(this.#state, 0, ended);
    Atomics.notify(this.#state, 0);
    return true;
  }

  /** Shuts the gate for good. @returns false when a run is inside, which keeps it open */
  shut(): boolean {
    return [open, shut].includes(Atomics.compareExchange(this.#state, 0, open, shut));
  }

  /** Shuts the gate although a run may be inside: the thread that ran it has ended. */
  abandon(): void {
    Atomics.store(this.#state, 0, shut);
  }
}
