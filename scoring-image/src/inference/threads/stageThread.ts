import { Worker } from "node:worker_threads";
import { ScoringError } from "../../errors";
import type { ChannelBounds } from "./channel";
import type { Doorbell } from "./doorbell";
import { OrderChannel, type OnReply } from "./orderChannel";
import type { StageMessage, ThreadSetUp } from "./setUp";

export interface StageThreadOptions {
  readonly name: string;
  /** Its number in its group, which the thread that replaces it has as well. */
  readonly index: number;
  /** Path of the bundled `stageWorker.js`. */
  readonly entry: string;
  readonly setUp: Omit<ThreadSetUp, "channel">;
  readonly doorbell: Doorbell;
  /** Orders that may be under way at the same time: the one that is carried out and those that wait for it. */
  readonly slots: number;
  readonly bounds: ChannelBounds;
  readonly onMessage: (message: StageMessage) => void;
}

/** The event loop's side of one thread of the pipeline: its channel, and its end. */
export class StageThread {
  readonly channel: OrderChannel;
  readonly index: number;
  /** Resolves with the reason when the thread has ended, however that came about. */
  readonly ended: Promise<Error>;
  readonly #worker: Worker;
  #hasEnded = false;

  constructor({
    name,
    index,
    entry,
    setUp,
    doorbell,
    slots,
    bounds,
    onMessage,
  }: StageThreadOptions) {
    this.index = index;
    this.channel = new OrderChannel(doorbell, slots, bounds);
    this.#worker = new Worker(entry, {
      workerData: { ...setUp, channel: this.channel.memory } satisfies ThreadSetUp,
      name,
      // A thread keeps next to nothing between orders: without a bound V8 lets garbage grow instead of collecting it.
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 },
    });
    this.#worker.on("message", onMessage);
    this.ended = new Promise((resolve) => {
      let reason: Error | undefined;
      this.#worker.once("error", (error) => (reason = error as Error));
      this.#worker.once("exit", (code) => {
        this.#hasEnded = true;
        const cause = reason ?? new Error(`the ${name} thread ended with code ${code}`);
        const message = "The thread that scored the picture died; send the request again.";
        this.channel.abandon(new ScoringError("WORKER_LOST", message, { cause }));
        resolve(cause);
      });
    });
  }

  /** True from the moment the thread has ended: it must not be given another order, which nobody would ever answer. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends an order, see {@link OrderChannel.send}. */
  send(order: object, data: readonly Uint8Array[], onReply: OnReply): number | undefined {
    return this.#hasEnded ? undefined : this.channel.send(order, data, onReply);
  }

  /** Lets the orders under way be answered, then ends the thread. */
  async close(): Promise<void> {
    const isTaken = () => this.send({ kind: "close" }, [], () => undefined) !== undefined;
    while (!this.#hasEnded && !isTaken()) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.ended;
  }

  /** Ends the thread at once; orders under way fail with WORKER_LOST. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
