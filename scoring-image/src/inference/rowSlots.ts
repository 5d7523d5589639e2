import { aligned } from "./threads/channel";

/** What a thread needs to find rows. */
export interface RowMemory {
  readonly memory: SharedArrayBuffer;
  /** Distance of two rows in bytes. */
  readonly stride: number;
  /** Length of a row in bytes. */
  readonly bytes: number;
}

/** The memory in which decode threads leave rows for the lanes: a fixed number of slots, so that decoding cannot run ahead of the device. */
export class RowSlots {
  readonly shared: RowMemory;
  readonly #free: number[];

  /** @param bytes of one row */
  constructor(count: number, bytes: number) {
    // Rows begin at cache lines of their own, as orders do.
    const stride = aligned(bytes);
    this.shared = { memory: new SharedArrayBuffer(count * stride), stride, bytes };
    // The lowest is taken first, which keeps the memory in use small.
    this.#free = Array.from({ length: count }, (_, i) => count - 1 - i);
  }

  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  /** Takes a free slot. @throws Error when there is none */
  take(): number {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error("no row is free");
    return slot;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }
}

/** The bytes of one row. */
export const rowIn = ({ memory, stride, bytes }: RowMemory, slot: number): Uint8Array =>
  new Uint8Array(memory, slot * stride, bytes);
