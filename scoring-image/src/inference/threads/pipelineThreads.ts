import type { Logger } from "pino";
import type { Graph } from "../../model/graph";
import type { InferencePlan } from "../plan";
import { RowSlots } from "../rowSlots";
import { Doorbell } from "./doorbell";
import type { LaneState, StageMessage } from "./setUp";
import type { StageThread } from "./stageThread";
import { ThreadGroup } from "./threadGroup";

export interface PipelineThreadsOptions {
  /** Path of the bundled `stageWorker.js`. */
  readonly entry: string;
  readonly plan: InferencePlan;
  /** What the runtime's host gives to a lane. */
  readonly runtime: (lane: number) => unknown;
  readonly lanes: number;
  /** 0: each lane decodes, and finishes, its own pictures. */
  readonly decodeThreads: number;
  /** Bound in bytes on a request's body. */
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  /** Throws when the model that runs is not the one to be served; asked at every start of a lane and every return of a runtime. */
  readonly check: (graph: Graph) => void;
  /** Called when a lane has been warmed. */
  readonly onLadder: (ladder: LaneState["ladder"]) => void;
  /** Called whenever a thread can, or can no longer, be given orders. */
  readonly onChange: () => void;
  /** Called when a thread has died and is being replaced. */
  readonly onRestart: () => void;
  /** Called when what ran the model for all lanes has gone. */
  readonly onLoss?: (() => void) | undefined;
}

/** Orders that a decode thread has at a time; and a lane: its batch, and an answer to be finished. */
const slots = { decode: 4, lane: 2 } as const;

/** Room beside the bytes of an order for what is said of them. */
const overheadBytes = 1 << 20;

/** Largest reply of a thread in bytes: the outputs of the largest batch, or an answer. */
const maxReplyBytes = 1 << 29;

const bytesPerValue = { float32: 4, float16: 2, uint8: 1 } as const;

/** The threads of the pipeline: lanes, and decode threads with the rows that they leave for the lanes. */
export class PipelineThreads {
  readonly lanes: ThreadGroup;
  /** Undefined where each lane decodes its own pictures. */
  readonly decoders: ThreadGroup | undefined;
  readonly rows: RowSlots | undefined;
  readonly #options: PipelineThreadsOptions;
  readonly #doorbell = new Doorbell();
  /** Why what runs the model is not there; undefined while it is. */
  #reason: string | undefined;

  constructor(options: PipelineThreadsOptions) {
    const { plan, lanes, decodeThreads } = options;
    this.#options = options;
    if (plan.runtime.kind === "openInference") this.#reason = "it has not been asked yet";
    if (decodeThreads > 0) this.rows = this.#makeRows();
    this.lanes = this.#group("lane", lanes, slots.lane);
    if (decodeThreads > 0) this.decoders = this.#group("decode", decodeThreads, slots.decode);
  }

  /** The threads that finish answers. */
  get finishers(): ThreadGroup {
    return this.decoders ?? this.lanes;
  }

  /** True while what runs the model has gone or is not there yet. */
  get isAway(): boolean {
    return this.#reason !== undefined;
  }

  /**
   * Starts all threads and waits until every lane is warm, for a runtime that is not there as long as it takes.
   * @throws Error why a thread ended before, or what `check` threw
   */
  async start(): Promise<void> {
    await Promise.all([this.lanes.start(), this.decoders?.start()]);
  }

  /** Ends all threads, each after the orders that it has. */
  async close(): Promise<void> {
    await Promise.all([this.lanes.close(), this.decoders?.close()]);
  }

  /** As many rows as lanes can have under way and decode threads have begun, and a batch that waits for each lane. */
  #makeRows(): RowSlots {
    const { plan, lanes, decodeThreads } = this.#options;
    const largest = plan.runtime.sizes.at(-1) as number;
    const count = 2 * largest * lanes + slots.decode * decodeThreads;
    const { width, height, dtype } = plan.rows;
    return new RowSlots(count, 3 * width * height * bytesPerValue[dtype]);
  }

  #group(name: "lane" | "decode", count: number, slotCount: number): ThreadGroup {
    const { entry, plan, logger, onChange, onRestart, maxBodyBytes, runtime } = this.#options;
    const { width, height, dtype } = plan.model.input.transform;
    const row = 3 * width * height * bytesPerValue[dtype];
    const batch = row * (plan.runtime.sizes.at(-1) as number);
    const maxOrderBytes = overheadBytes + Math.max(maxBodyBytes, name === "lane" ? batch : 0);
    const shared = { plan, rows: this.rows?.shared };
    // Lanes on a GPU capture graphs of work on one stream, and look at how much of its memory is left.
    const isOnGpu = plan.runtime.kind === "onnxRuntime" && plan.runtime.executionProvider !== "cpu";
    return new ThreadGroup({
      ...{ name, entry, count, logger, onChange, onRestart, slots: slotCount },
      isOneByOne: name === "lane" && isOnGpu,
      doorbell: this.#doorbell,
      bounds: { maxOrderBytes, maxReplyBytes },
      setUp: (lane) => (name === "lane" ? { ...shared, lane, runtime: runtime(lane) } : shared),
      onMessage: (thread, message) => message.type === "ready" || this.#hear(thread, message),
    });
  }

  /** @returns whether the lane can run batches. @throws Error what `check` throws */
  #hear(
    thread: StageThread,
    { availability, ladder, notes }: Extract<StageMessage, LaneState>,
  ): boolean {
    const { logger, check, onLadder } = this.#options;
    if ("reason" in availability) {
      this.#lose(thread, availability.reason);
      return false;
    }
    try {
      check(availability.graph);
    } catch (error) {
      // It may have taken the place of the right one between two looks.
      if (this.lanes.ready.has(thread)) this.#lose(thread, (error as Error).message);
      throw error;
    }
    if (this.#reason !== undefined) logger.info("the accelerator is ready");
    this.#reason = undefined;
    onLadder(ladder);
    logger.info({ sizes: ladder.sizes, costs: ladder.costs.map(rounded) }, notes);
    return true;
  }

  #lose(thread: StageThread, reason: string): void {
    if (reason !== this.#reason) {
      this.#options.logger.warn({ reason }, "the accelerator is being programmed");
      this.#reason = reason;
    }
    const others = [...this.lanes.ready].filter((lane) => lane !== thread);
    if (this.lanes.ready.has(thread) && others.length === 0) this.#options.onLoss?.();
  }
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
