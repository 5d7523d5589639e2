import type { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import type { BatchingStage } from "./batching";
import { aligned, lengthOf, padded } from "./padding";
import type { Entry, PendingRequest, PictureResult } from "./request";
import type { RowSlots } from "./rowSlots";
import {
  errorFrom,
  warmUpRun,
  type BatchEntry,
  type RunOrder,
  type RunReply,
} from "./threads/orders";
import type { OnReply } from "./threads/orderChannel";
import type { StageThread } from "./threads/stageThread";
import type { ThreadGroup } from "./threads/threadGroup";

export interface LaneParts {
  readonly threads: ThreadGroup;
  readonly batching: BatchingStage;
  /** Ends a run of a lane whose thread cannot be told. */
  readonly cancel: (lane: number, runId: number) => void;
  readonly metrics: Metrics;
  /** Where decode threads leave rows; undefined where each lane decodes, and finishes, its own pictures. */
  readonly rows: RowSlots | undefined;
  /** Told of each picture that a lane takes. */
  readonly onStart: (entry: Entry) => void;
  /** Takes what became of a picture. */
  readonly onResult: (entry: Entry, result: PictureResult | ScoringError) => void;
}

/** A batch that a lane has. */
interface Run {
  readonly id: number;
  readonly slot: number;
  readonly lane: number;
  readonly startedAt: number;
  readonly entries: readonly Entry[];
  /** When it was ended because nobody waits for it any more; undefined before. */
  cancelledAt?: number;
}

/** Numbers of runs are whole numbers of 31 bits, whose largest has another meaning to ONNX Runtime's lanes. */
const maxRunId = 2 ** 31 - 2;

/** Lanes: each runs one batch after the other, the next one is made when it is free. */
export class LaneStage {
  readonly #parts: LaneParts;
  readonly #runs = new Map<StageThread, Run>();
  #nextId = warmUpRun + 1;
  #delay: NodeJS.Timeout | undefined;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  /** Lanes without a batch. */
  get idleCount(): number {
    let count = 0;
    for (const thread of this.#parts.threads.ready) if (!this.#runs.has(thread)) count++;
    return count;
  }

  /** How long ago the longest run in progress was given up; 0 when none is overdue. A run that never returns shows here. */
  get overdueMs(): number {
    const now = performance.now();
    return Math.max(
      0,
      ...[...this.#runs.values()].map(({ cancelledAt = now }) => now - cancelledAt),
    );
  }

  /** How long a row that comes now would wait for a lane, in milliseconds; 0 when that is not known. @param ahead rows before it */
  expectedMs(ahead: number): number {
    const { ladder } = this.#parts.batching;
    const lanes = this.#runs.size;
    if (lanes === 0 || this.idleCount > 0) return 0;
    const now = performance.now();
    const endsIn = [...this.#runs.values()].map(
      ({ startedAt, entries }) => startedAt + ladder.costOf(entries.length) - now,
    );
    const runsAhead = Math.floor(ahead / (ladder.max * lanes));
    return Math.max(0, Math.min(...endsIn)) + runsAhead * ladder.costOf(ladder.max);
  }

  /** Gives waiting pictures to free lanes; called when either side changes. */
  pump(): void {
    clearTimeout(this.#delay);
    for (const thread of this.#parts.threads.ready) {
      // An answer that it is finishing is in the way for a fraction of a millisecond.
      if (thread.hasEnded || this.#runs.has(thread) || thread.channel.length > 0) continue;
      const batch = this.#parts.batching.next();
      if (batch === undefined) return;
      if (typeof batch === "number") {
        this.#delay = setTimeout(() => this.pump(), batch);
        return;
      }
      this.#run(thread, batch);
    }
  }

  /** Ends the runs that nobody waits for any more. */
  abandon(request: PendingRequest): void {
    for (const [thread, run] of this.#runs) {
      const isConcerned = run.entries.some((entry) => entry.request === request);
      if (!isConcerned || run.entries.some((entry) => !entry.request.hasEnded)) continue;
      run.cancelledAt ??= performance.now();
      thread.channel.cancel(run.slot);
      this.#parts.cancel(run.lane, run.id);
    }
  }

  #run(thread: StageThread, entries: readonly Entry[]): void {
    const startedAt = performance.now();
    for (const entry of entries) {
      entry.request.start();
      this.#parts.onStart(entry);
    }
    const id = this.#nextId;
    this.#nextId = id === maxRunId ? warmUpRun + 1 : id + 1;
    const deadline = Math.max(...entries.map(({ request }) => request.context.deadline));
    const order: RunOrder = {
      ...{ kind: "run", id, timeoutMs: deadline - startedAt },
      entries: entries.map(describe),
    };
    const slot = thread.send(order, entries.flatMap(dataOf), (reply) => this.#end(thread, reply));
    if (slot === undefined) throw new Error("a free lane had no room for a batch");
    this.#runs.set(thread, { id, slot, lane: thread.index, startedAt, entries });
  }

  #end(thread: StageThread, reply: Parameters<OnReply>[0]): void {
    const { entries, startedAt, cancelledAt } = this.#runs.get(thread) as Run;
    this.#runs.delete(thread);
    for (const { row } of entries) if (row !== undefined) this.#parts.rows?.release(row);
    if (reply instanceof Error) {
      for (const entry of entries) this.#parts.onResult(entry, reply as ScoringError);
    } else {
      const value = reply.value as RunReply;
      const ms = performance.now() - startedAt;
      this.#measure(entries, value, cancelledAt === undefined ? ms : undefined);
      this.#share(entries, value, reply.data);
    }
  }

  #measure(entries: readonly Entry[], { imagingMs, inferenceMs }: RunReply, ms?: number) {
    const { metrics, batching, rows } = this.#parts;
    const { length } = entries;
    const padding = batching.ladder.sizeOf(length) - length;
    // Decode threads tell of their pictures themselves.
    const decodedMs = entries.some(isDecodedByLane) ? imagingMs : 0;
    metrics.observeBatch({ size: length, padding, imagingMs: decodedMs, inferenceMs });
    if (ms !== undefined) batching.ladder.learn(length, rows ? ms - decodedMs : ms);
    for (const { request } of entries) {
      const { times } = request;
      metrics.observeQueue(times.queueMs);
      times.imagingMs = Math.max(times.imagingMs, decodedMs);
      times.inferenceMs = Math.max(times.inferenceMs, inferenceMs);
    }
  }

  /** Gives each picture its part of the reply, whose memory is used again as soon as this returns. */
  #share(entries: readonly Entry[], { results }: RunReply, data: Buffer): void {
    let at = 0;
    results.forEach((result, i) => {
      const entry = entries[i] as Entry;
      if ("error" in result) return this.#parts.onResult(entry, errorFrom(result.error));
      const [start, end] = [at, at + result.length];
      at += aligned(result.length);
      if ("head" in result) {
        const body = result.isText ? data.toString("utf8", start, end) : copyOf(data, start, end);
        return this.#parts.onResult(entry, { answer: { head: result.head, body } });
      }
      const { forms, size = entry.size } = result;
      this.#parts.onResult(entry, { forms, size, bytes: copyOf(data, start, end) });
    });
  }
}

const isDecodedByLane = ({ input, row }: Entry) => row === undefined && "header" in input;

/**
 * What a lane is told of a picture. It writes the answer itself where the picture is all of its request, which saves the way to another thread;
 * the device has other lanes to work for meanwhile.
 */
function describe({ input, row, size, request }: Entry): BatchEntry {
  const answer = request.entries.length === 1 ? { answer: request.form } : {};
  if (row !== undefined && size) return { slot: row, size, ...answer };
  if ("values" in input) return { length: input.values.byteLength, ...answer };
  return { header: input.header, length: lengthOf(input.parts), ...answer };
}

/** In memory of its own. */
const copyOf = (data: Buffer, start: number, end: number) => Buffer.from(data.subarray(start, end));

/** The bytes that follow an order for this picture, padded so that what follows is aligned. */
function dataOf({ input, row }: Entry): readonly Uint8Array[] {
  if (row !== undefined) return [];
  if ("values" in input) {
    const { buffer, byteOffset, byteLength } = input.values;
    return padded([new Uint8Array(buffer, byteOffset, byteLength)]);
  }
  return padded(input.parts);
}
