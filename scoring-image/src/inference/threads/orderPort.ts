import { lengthOf } from "../padding";
import {
  aligned,
  field,
  firstSlot,
  growTo,
  slotInts,
  state,
  wakeWord,
  type ChannelMemory,
} from "./channel";

/** What an order came to: anything that JSON can hold, and bytes behind it, one after the other. */
export interface Reply {
  readonly value: object;
  readonly data?: readonly Uint8Array[];
}

/**
 * Carries out one order.
 * @param data its bytes, in shared memory, aligned for any tensor; they may be read until the reply is given
 * @param signal aborted when nobody waits for the order any more; a thread that waits without an event loop learns of it only before it begins
 */
export type Carry = (value: never, data: Buffer, signal: AbortSignal) => Reply | Promise<Reply>;

/** A thread's end of a channel. */
export class OrderPort {
  readonly #memory: ChannelMemory;
  readonly #control: Int32Array;
  readonly #doorbell: Int32Array;
  #slot = 0;
  #isClosed = false;

  constructor(memory: ChannelMemory) {
    this.#memory = memory;
    this.#control = new Int32Array(memory.control);
    this.#doorbell = new Int32Array(memory.doorbell);
  }

  /** After the order that is being carried out, `serve` returns. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Carries out orders until the port is closed.
   * @param isBlocking waits without an event loop, which is faster, but nothing else can happen in the thread meanwhile
   */
  async serve(carry: Carry, isBlocking: boolean): Promise<void> {
    while (!this.#isClosed) {
      const seen = Atomics.load(this.#control, wakeWord);
      if (this.#get("state") === state.ordered) await this.#carryOut(carry, isBlocking);
      else if (isBlocking) Atomics.wait(this.#control, wakeWord, seen);
      else await Atomics.waitAsync(this.#control, wakeWord, seen).value;
    }
  }

  async #carryOut(carry: Carry, isBlocking: boolean): Promise<void> {
    const controller = new AbortController();
    const start = this.#get("offset");
    const textLength = this.#get("textLength");
    const ring = Buffer.from(this.#memory.orders);
    const order = JSON.parse(ring.toString("utf8", start, start + textLength)) as never;
    const dataStart = start + aligned(textLength);
    const data = ring.subarray(dataStart, dataStart + this.#get("dataLength"));
    if (this.#get("isCancelled")) controller.abort();
    let isDone = false;
    const carrying = Promise.resolve(carry(order, data, controller.signal));
    if (!isBlocking) void this.#watchCancel(controller, () => isDone);
    const reply = await carrying;
    isDone = true;
    this.#answer(reply);
  }

  async #watchCancel(controller: AbortController, isDone: () => boolean): Promise<void> {
    while (!isDone() && !controller.signal.aborted) {
      const seen = Atomics.load(this.#control, wakeWord);
      if (this.#get("isCancelled")) controller.abort();
      else await Atomics.waitAsync(this.#control, wakeWord, seen).value;
    }
  }

  #answer({ value, data = [] }: Reply): void {
    const text = JSON.stringify(value);
    const textLength = Buffer.byteLength(text);
    const dataLength = lengthOf(data);
    const memory = this.#memory.replies[this.#slot] as SharedArrayBuffer;
    growTo(memory, aligned(textLength) + dataLength);
    const reply = Buffer.from(memory);
    reply.write(text, 0, textLength, "utf8");
    let at = aligned(textLength);
    for (const part of data) {
      reply.set(part, at);
      at += part.length;
    }
    this.#set("replyTextLength", textLength);
    this.#set("replyDataLength", dataLength);
    this.#set("state", state.replied);
    this.#slot = (this.#slot + 1) % this.#memory.replies.length;
    Atomics.add(this.#doorbell, 0, 1);
    Atomics.notify(this.#doorbell, 0);
  }

  #set(name: keyof typeof field, value: number): void {
    Atomics.store(this.#control, firstSlot + this.#slot * slotInts + field[name], value);
  }

  #get(name: keyof typeof field): number {
    return Atomics.load(this.#control, firstSlot + this.#slot * slotInts + field[name]);
  }
}
