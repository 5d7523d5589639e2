/**
 * How the event loop and a thread hand orders and replies to each other: through shared memory, with one futex each way. A message through
 * `postMessage` wakes an event loop and costs two to three times as much, most of all when caches are cold after a long run.
 *
 * A channel has a few slots, used in turn. The loop writes an order, a JSON text and bytes behind it, into the ring `orders`; the thread
 * carries orders out one after the other and writes each reply into its slot's own memory. Nothing is ever written by both sides at once:
 * a slot's state says whose it is.
 */

/** What a thread is given (`workerData`) to serve a channel. */
export interface ChannelMemory {
  /** int32: the wake word, then `slotInts` for each slot. */
  readonly control: SharedArrayBuffer;
  readonly orders: SharedArrayBuffer;
  /** One for each slot. */
  readonly replies: readonly SharedArrayBuffer[];
  /** The loop's wake word, which all channels share. */
  readonly doorbell: SharedArrayBuffer;
}

/** Bounds of a channel's memory, in bytes. It grows to them by need and never shrinks. */
export interface ChannelBounds {
  /** Largest order, its bytes included. */
  readonly maxOrderBytes: number;
  /** Largest reply, its bytes included. */
  readonly maxReplyBytes: number;
}

/** Meaning of a slot's integers. */
export const field = {
  state: 0,
  offset: 1,
  textLength: 2,
  dataLength: 3,
  replyTextLength: 4,
  replyDataLength: 5,
  isCancelled: 6,
} as const;

export const slotInts = 8;
/** Index of the word that wakes the thread; slots begin behind a cache line of their own. */
export const wakeWord = 0;
export const firstSlot = 16;

/** Whose a slot is: nobody's, the thread's with an order, or the loop's with a reply. */
export const state = { free: 0, ordered: 1, replied: 2 } as const;

/** Orders begin at multiples of this, so that any tensor may be viewed in them. */
export const alignment = 64;

const initialBytes = { orders: 256 * 1024, reply: 32 * 1024 };

/** Memory for a channel of so many slots. */
export function channelMemory(
  slots: number,
  doorbell: SharedArrayBuffer,
  { maxOrderBytes, maxReplyBytes }: ChannelBounds,
): ChannelMemory {
  const growing = (initial: number, max: number) =>
    new SharedArrayBuffer(Math.min(initial, max), { maxByteLength: max });
  return {
    control: new SharedArrayBuffer(4 * (firstSlot + slots * slotInts)),
    orders: growing(initialBytes.orders, maxOrderBytes + 2 * alignment),
    replies: Array.from({ length: slots }, () => growing(initialBytes.reply, maxReplyBytes)),
    doorbell,
  };
}

/** Makes room for `bytes`. @throws RangeError above the memory's bound */
export function growTo(memory: SharedArrayBuffer, bytes: number): void {
  if (bytes <= memory.byteLength) return;
  if (bytes > memory.maxByteLength) {
    throw new RangeError(`a message of ${bytes} bytes, ${memory.maxByteLength} are the most`);
  }
  memory.grow(Math.min(memory.maxByteLength, Math.max(bytes, 2 * memory.byteLength)));
}

export const aligned = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
