import { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import { FairQueue } from "./fairQueue";
import type { EncodedPicture, Entry, PendingRequest } from "./request";
import type { RowSlots } from "./rowSlots";
import { errorFrom, type DecodeOrder, type DecodeReply } from "./threads/orders";
import type { StageThread } from "./threads/stageThread";
import type { ThreadGroup } from "./threads/threadGroup";

export interface DecodingParts {
  /** The decode threads. */
  readonly threads: ThreadGroup;
  /** Where they leave rows. */
  readonly rows: RowSlots;
  /** Most rows that one request may hold ahead of the lanes: with a batch of them none of its pictures waits, and others find rows. */
  readonly maxRowsAhead: number;
  readonly metrics: Metrics;
  /** Whether throughput counts more than the latency of one picture. */
  readonly isLoaded: () => boolean;
  /** Takes a picture that is a row now. */
  readonly onRow: (entry: Entry) => void;
  /** Takes a picture that could not be decoded, or that nobody waits for any more. */
  readonly onFailure: (entry: Entry, error: ScoringError) => void;
}

/** Weight of the latest picture in the smoothed time of decoding. */
const smoothing = 1 / 64;

/**
 * Decoding: pictures become rows of the input tensor, in threads of their own, so that the device need not wait for it. A bad picture fails
 * here, alone, before it reaches a batch.
 */
export class DecodingStage {
  readonly #parts: DecodingParts;
  readonly #queue = new FairQueue<PendingRequest, Entry>();
  #underWay = 0;
  /** What a picture takes in milliseconds, smoothed. */
  #meanMs = 0;

  constructor(parts: DecodingParts) {
    this.#parts = parts;
  }

  /** Pictures that are not rows yet. */
  get length(): number {
    return this.#queue.length + this.#underWay;
  }

  /** How long a picture that comes now would take to become a row, in milliseconds. */
  get expectedMs(): number {
    return (this.length / this.#parts.threads.count) * this.#meanMs;
  }

  push(entry: Entry): void {
    this.#queue.push(entry.request, entry);
  }

  /** Takes out what has not been begun of a request. */
  remove(request: PendingRequest): readonly Entry[] {
    return this.#queue.remove(request);
  }

  /** Gives waiting pictures to the threads; called when either side changes. */
  pump(): void {
    const { threads, rows, maxRowsAhead } = this.#parts;
    while (this.#queue.length > 0 && rows.hasFree) {
      const thread = threads.next(this.#parts.isLoaded());
      if (!thread) return;
      const entry = this.#queue.shift(({ rowsAhead }) => rowsAhead < maxRowsAhead);
      if (!entry) return;
      if (this.#send(thread, entry)) continue;
      // Its bytes do not fit behind those of the others now; they will when the thread has answered.
      this.#queue.push(entry.request, entry);
      return;
    }
  }

  #send(thread: StageThread, entry: Entry): boolean {
    const { rows, metrics } = this.#parts;
    const { header, parts } = entry.input as EncodedPicture;
    const slot = rows.take();
    const order: DecodeOrder = { kind: "decode", header, slot };
    const waitedMs = performance.now() - entry.request.arrivedAt;
    const id = thread.send(order, parts, (reply) => {
      this.#underWay--;
      if (reply instanceof Error) this.#fail(entry, slot, reply as ScoringError);
      else this.#take(entry, slot, reply.value as DecodeReply);
    });
    if (id === undefined) {
      rows.release(slot);
      return false;
    }
    this.#underWay++;
    entry.request.rowsAhead++;
    metrics.observeDecodeWait(waitedMs);
    return true;
  }

  #take(entry: Entry, slot: number, reply: DecodeReply): void {
    this.#parts.metrics.observeDecode(reply.ms);
    this.#meanMs =
      this.#meanMs === 0 ? reply.ms : this.#meanMs + (reply.ms - this.#meanMs) * smoothing;
    entry.request.times.imagingMs = Math.max(entry.request.times.imagingMs, reply.ms);
    if ("error" in reply) return this.#fail(entry, slot, errorFrom(reply.error));
    if (entry.request.hasEnded) {
      return this.#fail(entry, slot, new ScoringError("CANCELLED", "The request has ended."));
    }
    entry.row = slot;
    entry.size = reply.size;
    this.#parts.onRow(entry);
  }

  #fail(entry: Entry, slot: number, error: ScoringError): void {
    entry.request.rowsAhead--;
    this.#parts.rows.release(slot);
    this.#parts.onFailure(entry, error);
  }
}
