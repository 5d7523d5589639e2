import { lengthOf } from "../padding";
import {
  aligned,
  channelMemory,
  field,
  firstSlot,
  growTo,
  slotInts,
  state,
  wakeWord,
  type ChannelBounds,
  type ChannelMemory,
} from "./channel";
import type { Doorbell } from "./doorbell";

/** Called with a reply, or with the error of a thread that died; `data` may be read until the call returns. */
export type OnReply = (reply: { readonly value: unknown; readonly data: Buffer } | Error) => void;

interface Pending {
  readonly onReply: OnReply;
  /** Where its order lies in the ring, and the bytes that it holds there. */
  readonly start: number;
  readonly bytes: number;
}

/** The event loop's end of a channel. Orders are carried out and answered in the order in which they were sent. */
export class OrderChannel {
  readonly memory: ChannelMemory;
  readonly #control: Int32Array;
  /** Views of the memory; made anew when it has grown. */
  #ring: Buffer<SharedArrayBuffer>;
  readonly #replies: Buffer<SharedArrayBuffer>[];
  readonly #stopListening: () => void;
  readonly #pending: Pending[] = [];
  readonly #slots: number;
  /** Slots of the next order and of the oldest one. */
  #next = 0;
  #oldest = 0;

  constructor(doorbell: Doorbell, slots: number, bounds: ChannelBounds) {
    this.memory = channelMemory(slots, doorbell.memory, bounds);
    this.#control = new Int32Array(this.memory.control);
    this.#ring = Buffer.from(this.memory.orders);
    this.#replies = this.memory.replies.map((memory) => Buffer.from(memory));
    this.#slots = slots;
    this.#stopListening = doorbell.onRing(() => this.#collect());
  }

  /** Orders that have not been answered. */
  get length(): number {
    return this.#pending.length;
  }

  /** True while a slot is free; the ring may still lack room for a large order. */
  get hasSlot(): boolean {
    return this.#pending.length < this.#slots;
  }

  /**
   * Sends an order.
   * @param value anything that JSON can hold
   * @param data bytes behind it, one after the other
   * @returns a number to cancel it by, or undefined when there is no room for it now; there is for any order of the bound when none is under way
   */
  send(value: object, data: readonly Uint8Array[], onReply: OnReply): number | undefined {
    if (!this.hasSlot) return undefined;
    const text = JSON.stringify(value);
    const textLength = Buffer.byteLength(text);
    const dataLength = lengthOf(data);
    const bytes = aligned(textLength) + aligned(dataLength);
    const start = this.#room(bytes);
    if (start === undefined) return undefined;
    this.#ring.write(text, start, textLength, "utf8");
    let at = start + aligned(textLength);
    for (const part of data) {
      this.#ring.set(part, at);
      at += part.length;
    }
    const slot = this.#next;
    this.#next = (slot + 1) % this.#slots;
    this.#pending.push({ onReply, start, bytes });
    this.#set(slot, "offset", start);
    this.#set(slot, "textLength", textLength);
    this.#set(slot, "dataLength", dataLength);
    this.#set(slot, "isCancelled", 0);
    this.#set(slot, "state", state.ordered);
    this.#wake();
    return slot;
  }

  /** Tells the thread that nobody waits for the order any more; whether it looks is its own affair. */
  cancel(slot: number): void {
    this.#set(slot, "isCancelled", 1);
    this.#wake();
  }

  /** Fails all orders under way, since the thread has died. */
  abandon(reason: Error): void {
    this.#stopListening();
    for (const { onReply } of this.#pending.splice(0)) onReply(reason);
  }

  /** Where `bytes` fit in the ring, behind the newest order or, where the end is too near, at its start. */
  #room(bytes: number): number | undefined {
    const { orders } = this.memory;
    const [oldest] = this.#pending;
    const newest = this.#pending.at(-1);
    if (!oldest || !newest) {
      growTo(orders, bytes);
      if (this.#ring.length < orders.byteLength) this.#ring = Buffer.from(orders);
      return 0;
    }
    const end = newest.start + newest.bytes;
    if (newest.start >= oldest.start) {
      if (end + bytes <= orders.byteLength) return end;
      return bytes < oldest.start ? 0 : undefined;
    }
    return end + bytes < oldest.start ? end : undefined;
  }

  #collect(): void {
    while (this.#pending.length > 0 && this.#get(this.#oldest, "state") === state.replied) {
      const slot = this.#oldest;
      this.#oldest = (slot + 1) % this.#slots;
      const { onReply } = this.#pending.shift() as Pending;
      const textLength = this.#get(slot, "replyTextLength");
      const reply = this.#replyOf(slot);
      const value: unknown = JSON.parse(reply.toString("utf8", 0, textLength));
      const start = aligned(textLength);
      const data = reply.subarray(start, start + this.#get(slot, "replyDataLength"));
      this.#set(slot, "state", state.free);
      onReply({ value, data });
    }
  }

  #replyOf(slot: number): Buffer {
    const memory = this.memory.replies[slot] as SharedArrayBuffer;
    const view = this.#replies[slot] as Buffer<SharedArrayBuffer>;
    return view.length === memory.byteLength ? view : (this.#replies[slot] = Buffer.from(memory));
  }

  #wake(): void {
    Atomics.add(this.#control, wakeWord, 1);
    Atomics.notify(this.#control, wakeWord);
  }

  #set(slot: number, name: keyof typeof field, value: number): void {
    Atomics.store(this.#control, firstSlot + slot * slotInts + field[name], value);
  }

  #get(slot: number, name: keyof typeof field): number {
    return Atomics.load(this.#control, firstSlot + slot * slotInts + field[name]);
  }
}
