import type { ScoringError } from "../errors";
import type { Metrics } from "../telemetry/metrics";
import type { Answer } from "./call";
import { padded } from "./padding";
import type { PendingRequest, PictureOutputs } from "./request";
import { errorFrom, type FinishOrder, type FinishReply } from "./threads/orders";
import type { StageThread } from "./threads/stageThread";
import type { ThreadGroup } from "./threads/threadGroup";

export interface FinishingParts {
  /** The decode threads, or the lanes where there are none. */
  readonly threads: ThreadGroup;
  /** Whether those are decode threads. */
  readonly isByDecoder: boolean;
  readonly metrics: Metrics;
  /** Whether throughput counts more than the latency of one answer. */
  readonly isLoaded: () => boolean;
  /** Takes a request's answer, or why it could not be written. */
  readonly onAnswer: (request: PendingRequest, answer: Answer | ScoringError) => void;
}

/**
 * Finishing: softmax, labels, boxes and the text of the answer, off the event loop. It comes before decoding in the threads that do both: its
 * pictures have waited longest.
 */
export class FinishingStage {
  readonly #parts: FinishingParts;
  readonly #queue: { readonly request: PendingRequest; readonly readyAt: number }[] = [];

  constructor(parts: FinishingParts) {
    this.#parts = parts;
  }

  /** Requests that wait for their answers to be written. */
  get length(): number {
    return this.#queue.length;
  }

  /** Takes a request whose pictures all have results without an error. */
  push(request: PendingRequest): void {
    this.#queue.push({ request, readyAt: performance.now() });
  }

  /** Gives waiting requests to the threads; called when either side changes. */
  pump(): void {
    for (;;) {
      const [next] = this.#queue;
      if (!next) return;
      if (!next.request.hasEnded) {
        const thread = this.#parts.threads.next(this.#parts.isLoaded());
        if (!thread || !this.#send(thread, next.request, next.readyAt)) return;
      }
      this.#queue.shift();
    }
  }

  #send(thread: StageThread, request: PendingRequest, readyAt: number): boolean {
    const { metrics, onAnswer, isByDecoder } = this.#parts;
    const results = request.results as PictureOutputs[];
    const order: FinishOrder = {
      ...{ kind: "finish", answer: request.form },
      pictures: results.map(({ forms, bytes, size }) => ({
        ...{ forms, length: bytes.length, size },
      })),
    };
    const waitedMs = performance.now() - readyAt;
    const id = thread.send(
      order,
      results.flatMap(({ bytes }) => padded([bytes])),
      (reply) => {
        if (reply instanceof Error) return onAnswer(request, reply as ScoringError);
        const value = reply.value as FinishReply;
        metrics.observeFinish({ waitedMs, ms: value.ms, isByDecoder });
        if ("error" in value) return onAnswer(request, errorFrom(value.error));
        const body = value.isText ? reply.data.toString() : Buffer.from(reply.data);
        onAnswer(request, { head: value.head, body, times: request.times });
      },
    );
    return id !== undefined;
  }
}
