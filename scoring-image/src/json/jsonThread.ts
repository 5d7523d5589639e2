import { Worker } from "node:worker_threads";
import { callerGone, type ErrorCode, ScoringError, tooLate } from "../errors";
import type { CallContext } from "../inference/call";
import { maxJsonHeapMegabytes, maxJsonJobs, maxJsonMs } from "../limits/bounds";
import { parsePacked } from "./packed";

/** Worker -> main thread, in answer to a text. */
export type JsonAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What is parsed on the event loop itself, in bytes: at most a millisecond or two of it. */
const inlineBytes = 32 * 1024;

interface Job {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Parses JSON; large texts in a thread of their own, which starts with the first of them, so that they never hold up the event loop. It has
 * one text at a time; those that wait are bounded in number, and dropped when nobody waits for them any more.
 */
export class JsonThread {
  readonly #entry: string;
  readonly #maxMs: number;
  readonly #queue: Job[] = [];
  #current: Job | undefined;
  #overrun: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;

  /**
   * @param entry path of the bundled `jsonWorker.js`
   * @param maxMs how long the thread may take for one text before it is ended and replaced
   */
  constructor(entry: string, maxMs = maxJsonMs) {
    this.#entry = entry;
    this.#maxMs = maxMs;
  }

  /**
   * Parses a text as `parsePacked` does.
   * @param text moved to the thread when it is large
   * @throws ScoringError INVALID_REQUEST when it is not JSON, or too much for the thread; QUEUE_FULL, DEADLINE_EXCEEDED or CANCELLED
   */
  async parse(text: Uint8Array<ArrayBuffer>, context: CallContext): Promise<unknown> {
    if (text.length <= inlineBytes) return parsePacked(text);
    if (this.#queue.length >= maxJsonJobs) {
      const message = `Too many requests: ${this.#queue.length} large JSON bodies are waiting already.`;
      throw new ScoringError("QUEUE_FULL", message);
    }
    const { signal, deadline } = context;
    let onLapse: () => void = () => undefined;
    const lapse = setTimeout(() => onLapse(), Math.min(deadline - performance.now(), longestTimer));
    try {
      return await new Promise((resolve, reject) => {
        const job: Job = { text, resolve, reject };
        onLapse = () => this.#drop(job, signal.aborted ? callerGone() : tooLate());
        if (signal.aborted) return reject(callerGone());
        signal.addEventListener("abort", onLapse, { once: true });
        this.#queue.push(job);
        this.#next();
      });
    } finally {
      clearTimeout(lapse);
      signal.removeEventListener("abort", onLapse);
    }
  }

  /** Nobody waits for it any more. The thread that has it is ended, or the next one would wait for it in vain. */
  #drop(job: Job, reason: ScoringError): void {
    job.reject(reason);
    if (job === this.#current) void this.#worker?.terminate();
    else this.#queue.splice(this.#queue.indexOf(job), 1);
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#queue.shift();
    if (!job) return;
    this.#current = job;
    clearTimeout(this.#idle);
    this.#overrun = setTimeout(() => void this.#worker?.terminate(), this.#maxMs);
    this.#started().postMessage(job.text, [job.text.buffer]);
  }

  #end(settle: (job: Job) => void): void {
    clearTimeout(this.#overrun);
    const job = this.#current;
    this.#current = undefined;
    if (job) settle(job);
    this.#next();
    if (!this.#current) this.#idle = setTimeout(() => this.#retire(), idleMs).unref();
  }

  /** Its heap is as large as the largest texts have made it. */
  #retire(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const resourceLimits = { maxOldGenerationSizeMb: maxJsonHeapMegabytes };
    const worker = new Worker(this.#entry, { name: "json", resourceLimits });
    worker.unref();
    worker.on("message", (answer: JsonAnswer) =>
      this.#end(({ resolve, reject }) => {
        if ("result" in answer) resolve(answer.result);
        else reject(new ScoringError(answer.error.code, answer.error.message));
      }),
    );
    // The exit of a thread comes after its error, when another may have taken its place.
    const onEnd = () => this.#worker === worker && this.#replace();
    worker.once("error", onEnd).once("exit", onEnd);
    this.#worker = worker;
    return worker;
  }

  /** A text that is too much for the thread's memory, or takes too long, ends it; the next one starts another. */
  #replace(): void {
    this.#worker = undefined;
    const message = "The JSON of this request could not be handled; send binary tensors instead.";
    this.#end(({ reject }) => reject(new ScoringError("INVALID_REQUEST", message)));
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#worker?.terminate();
  }
}

/** How long the thread is kept without a text, in milliseconds. */
const idleMs = 5000;

/** Node takes a longer one for none. */
const longestTimer = 2 ** 31 - 1;
