import type { Logger } from "pino";
import { StageThread, type StageThreadOptions } from "./stageThread";
import type { StageMessage } from "./setUp";

/** Waits between two attempts to replace a thread, in milliseconds: doubled from the first to the last. */
const restartDelay = { first: 100, last: 5000 } as const;

export interface ThreadGroupOptions extends Omit<
  StageThreadOptions,
  "setUp" | "onMessage" | "index"
> {
  readonly count: number;
  /** Threads are started one after the other, since they would be in each other's way. */
  readonly isOneByOne: boolean;
  readonly logger: Logger;
  /** What thread number `index` is started with. */
  readonly setUp: (index: number) => StageThreadOptions["setUp"];
  /**
   * Told what a thread says. @returns true when the thread can be given orders, false when it cannot
   * @throws Error why the thread must not serve
   */
  readonly onMessage: (thread: StageThread, message: StageMessage) => boolean;
  /** Called whenever a thread can, or can no longer, be given orders. */
  readonly onChange: () => void;
  /** Called when a thread has died and is being replaced. */
  readonly onRestart: () => void;
}

/** Keeps a fixed number of threads alive. */
export class ThreadGroup {
  readonly #options: ThreadGroupOptions;
  readonly #all = new Set<StageThread>();
  readonly #ready = new Set<StageThread>();
  #isClosing = false;

  constructor(options: ThreadGroupOptions) {
    this.#options = options;
  }

  /** Threads that can be given orders, busy or not. */
  get ready(): ReadonlySet<StageThread> {
    return this.#ready;
  }

  /** All threads, starting ones included; for tests that end one. */
  get threads(): readonly StageThread[] {
    return [...this.#all];
  }

  get count(): number {
    return this.#options.count;
  }

  /**
   * The thread to give the next order to: the one with the fewest. Under load, one that is awake comes before one that sleeps as long as it
   * has no second order yet: to wake a thread costs the event loop more than all else that it does for an order.
   * @returns undefined when every one has as many as it takes
   */
  next(isLoaded: boolean): StageThread | undefined {
    let best: StageThread | undefined;
    for (const thread of this.#ready) {
      const { length } = thread.channel;
      if (thread.hasEnded || !thread.channel.hasSlot) continue;
      if (isLoaded && length === 1) return thread;
      if (!best || length < best.channel.length) best = thread;
    }
    return best;
  }

  /**
   * Starts all threads and waits until every one can be given orders, for a runtime that is not there as long as it takes.
   * @throws Error why a thread ended before, or what `onMessage` threw
   */
  async start(): Promise<void> {
    const { count, isOneByOne } = this.#options;
    const indices = Array.from({ length: count }, (_, index) => index);
    if (isOneByOne) for (const index of indices) await this.#spawn(index);
    else await Promise.all(indices.map((index) => this.#spawn(index)));
  }

  /** @throws Error why the thread ended before it was ready, or must not serve */
  async #spawn(index: number): Promise<void> {
    const { setUp, onMessage, ...options } = this.#options;
    let refusal: unknown;
    let isStarting = true;
    let onReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const thread: StageThread = new StageThread({
      ...options,
      index,
      setUp: setUp(index),
      onMessage: (message) => {
        let isAble = false;
        try {
          isAble = onMessage(thread, message);
        } catch (error) {
          refusal = error;
          // What it runs may have been replaced between two looks: then it is awaited like one that is away.
          if (isStarting) return onReady();
        }
        this.#setReady(thread, isAble);
        if (isAble) onReady();
      },
    });
    this.#all.add(thread);
    const death = await Promise.race([ready, thread.ended]);
    const reason = refusal ?? death;
    if (reason) {
      this.#forget(thread);
      await thread.close();
      throw reason as Error;
    }
    isStarting = false;
    void thread.ended.then((error) => this.#onDeath(thread, index, error));
  }

  #onDeath(thread: StageThread, index: number, reason: Error): void {
    this.#forget(thread);
    if (this.#isClosing) return;
    const { logger, name, onRestart } = this.#options;
    logger.error({ err: reason }, `a ${name} thread died and is being replaced`);
    onRestart();
    void this.#replace(index, restartDelay.first);
  }

  async #replace(index: number, delayMs: number): Promise<void> {
    try {
      await this.#spawn(index);
    } catch (error) {
      if (this.#isClosing) return;
      const { logger, name } = this.#options;
      logger.error({ err: error, delayMs }, `a ${name} thread did not start`);
      const next = Math.min(2 * delayMs, restartDelay.last);
      setTimeout(() => void (this.#isClosing || this.#replace(index, next)), delayMs).unref();
    }
  }

  #setReady(thread: StageThread, isAble: boolean): void {
    if (this.#isClosing || thread.hasEnded || this.#ready.has(thread) === isAble) return;
    if (isAble) this.#ready.add(thread);
    else this.#ready.delete(thread);
    this.#options.onChange();
  }

  #forget(thread: StageThread): void {
    this.#all.delete(thread);
    if (this.#ready.delete(thread) && !this.#isClosing) this.#options.onChange();
  }

  /** Ends all threads, each after the orders that it has. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }
}
