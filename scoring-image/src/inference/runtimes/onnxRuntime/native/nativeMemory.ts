/**
 * Rules of this folder, which alone touches native code:
 *
 * 1. Whatever native code makes for us (a session, a tensor, device memory) is adopted, with
 *    what releases it, by exactly one `NativeMemory` in the statement that made it. A
 *    `NativeMemory` releases in the reverse order, so that nothing outlives what it was made from.
 * 2. Native code keeps an address of our memory beyond a call only where a tensor was made over
 *    it. Such memory is held by the `NativeMemory` that adopts the tensor, before the tensor is
 *    made. Arrays that are given to one call need no more than a reference in the caller's frame:
 *    V8 moves no `ArrayBuffer`.
 * 3. Asynchronous calls are for opening and closing alone; their arrays are held by the closure
 *    of the promise.
 * 4. Sessions belong to the main thread's `OpenedModel`. Lanes get their addresses, and run
 *    through a `RunGate`, which the owner shuts before it releases anything: shut gates let no run
 *    in.
 * 5. What a lane makes is its own and is freed when it closes. On the CPU its thread may also
 *    be ended at any time: a call in progress is waited for, and handles of some hundred bytes
 *    stay behind. A lane on a GPU ends by closing alone, because between two calls the device may
 *    still be copying to its memory.
 * 6. A library is kept for as long as its thread lives: koffi unloads one whose object has been
 *    collected, and the functions found through its table would then lead nowhere.
 * 7. Every status is looked at (`OnnxRuntime.check`, `CudaRuntime.check`), except where a lane
 *    clears up after a failure.
 */
import koffi from "../../../../koffi";

/** Owner of native handles and of the memory that they point into; frees all of it at once. */
export class NativeMemory {
  #releases: (() => void)[] = [];
  readonly #held = new Map<ArrayBufferView, bigint>();
  #isFreed = false;

  /** Takes over a handle. @returns the handle */
  adopt(handle: bigint, release: (handle: bigint) => void): bigint {
    this.#checkUse();
    this.#releases.push(() => release(handle));
    return handle;
  }

  /** Keeps memory of ours where it is until `free`. @returns its address */
  hold(values: ArrayBufferView): bigint {
    this.#checkUse();
    const address = this.#held.get(values) ?? koffi.address(values);
    this.#held.set(values, address);
    return address;
  }

  /** A copy of a text, ended by a zero byte. @returns its address */
  text(value: string): bigint {
    return this.hold(Buffer.from(`${value}\0`));
  }

  /** An array of `char *`. @returns its address */
  texts(values: readonly string[]): bigint {
    return this.hold(BigUint64Array.from(values, (value) => this.text(value)));
  }

  /**
   * Releases everything, last first. What was adopted must not be used any more; further calls do
   * nothing.
   * @throws the first error of a release, after all others have been called
   */
  free(): void {
    this.#isFreed = true;
    const releases = this.#releases.reverse();
    this.#releases = [];
    const errors: unknown[] = [];
    for (const release of releases) {
      try {
        release();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#held.clear();
    if (errors.length > 0) throw errors[0];
  }

  #checkUse(): void {
    if (this.#isFreed) throw new Error("native memory was used after it had been freed");
  }
}

/** A window on memory of native code, which must outlive it. @param address of `bytes` bytes */
export const viewOf = (address: bigint, bytes: number): ArrayBuffer => koffi.view(address, bytes);

/** The text at an address, as UTF-8. */
export const textAt = (address: bigint): string => koffi.decode.string(address);
