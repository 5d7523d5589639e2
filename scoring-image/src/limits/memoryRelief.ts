import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ByteBudget } from "./byteBudget";
import { releaseFreeMemory } from "../nativeProcess";

/** Share of the budget that what nobody holds any more may take beside what is held, before it is collected. */
const wasteShare = 1 / 4;

/** After so many bytes have arrived it is looked at what they have left behind. */
const bytesPerLook = 8 * 2 ** 20;

/** Bytes held at a time from which on it is worth it to give memory back afterwards. */
const worthwhileBytes = 32 * 2 ** 20;

/** How often it is looked whether a rush is over, in milliseconds. */
const pauseMs = 1000;

/** So many looks after the first time memory is given back once more: sockets and threads let go of the last of it by and by. */
const looksUntilAgain = 5;

type Collect = (options?: { readonly type: "minor" }) => void;

// Node has no other way to the collector in a process that was started without the flag.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as Collect;

/**
 * Collects what callers have sent and nobody holds any more, and gives memory back to the system when a rush is over. V8 by itself looks at
 * its own objects, which are small: bodies that were refused or answered have left hundreds of megabytes behind before it collects them.
 */
export class MemoryRelief {
  readonly #budget: ByteBudget;
  readonly #timer: NodeJS.Timeout;
  /** Bytes outside of V8's heap that no body explains, after the last full collection. */
  #base = 0;
  #arrived = 0;
  #most = 0;
  /** Looks until memory is given back; undefined when there is nothing to give. */
  #looksLeft: number | undefined;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
    this.#timer = setInterval(() => this.#look(), pauseMs).unref();
    budget.onArrival = (bytes) => this.#note(bytes);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #note(bytes: number): void {
    this.#arrived += bytes;
    if (this.#arrived < bytesPerLook) return;
    this.#arrived = 0;
    this.#most = Math.max(this.#most, this.#budget.bytes);
    if (!this.#isWasteful) return;
    collect({ type: "minor" });
    if (this.#isWasteful) this.#collectAll();
  }

  get #unexplained(): number {
    return getHeapStatistics().external_memory - this.#budget.bytes;
  }

  get #isWasteful(): boolean {
    return this.#unexplained - this.#base > wasteShare * this.#budget.maxBytes;
  }

  #collectAll(): void {
    collect();
    this.#base = this.#unexplained;
  }

  #giveBack(): void {
    this.#collectAll();
    releaseFreeMemory();
  }

  #look(): void {
    const { bytes } = this.#budget;
    this.#most = Math.max(this.#most, bytes);
    if (this.#most >= worthwhileBytes && bytes <= this.#most / 8) {
      this.#most = 0;
      this.#looksLeft = looksUntilAgain;
      this.#giveBack();
    } else if (this.#looksLeft !== undefined && --this.#looksLeft === 0) {
      this.#looksLeft = undefined;
      this.#giveBack();
    }
  }
}
