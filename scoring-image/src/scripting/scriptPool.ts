import type { Logger } from "pino";
import { callerGone, ScoringError } from "../errors";
import type { CallContext } from "../inference/call";
import type { ScriptAnswer, ScriptRequest } from "./messages";
import { ScriptThread, type ScriptThreadOptions } from "./scriptThread";

/** Waits between two attempts to replace a thread, in milliseconds: doubled from the first to the last. */
const restartDelay = { first: 100, last: 5000 } as const;

export interface ScriptPoolOptions extends Omit<ScriptThreadOptions, "onOutput"> {
  readonly threads: number;
  readonly logger: Logger;
  /** Requests that may wait for a thread; more are refused with QUEUE_FULL. */
  readonly maxQueueSize: number;
  /** Longest wait for a thread; then QUEUE_WAIT_EXCEEDED. */
  readonly maxQueueWaitMs: number;
}

/** Keeps the threads of a package's entry script alive and gives each request one of its own. */
export class ScriptPool {
  readonly #options: ScriptPoolOptions;
  readonly #all = new Set<ScriptThread>();
  readonly #idle: ScriptThread[] = [];
  readonly #waiting: ((thread: ScriptThread) => void)[] = [];
  #ready = 0;
  #isClosing = false;

  constructor(options: ScriptPoolOptions) {
    this.#options = options;
  }

  /** True when a thread has done its init() and lives. */
  get isReady(): boolean {
    return this.#ready > 0;
  }

  /**
   * Starts all threads and waits until each has done its init().
   * @throws Error why one did not
   */
  async start(): Promise<void> {
    const threads = Array.from({ length: this.#options.threads }, () => this.#spawn());
    await Promise.all(threads.map(({ ready }) => ready));
    for (const thread of threads) this.#supervise(thread);
  }

  #spawn(): ScriptThread {
    const { logger } = this.#options;
    const thread = new ScriptThread({
      ...this.#options,
      onOutput: (line) => logger.info({ line }, "entry script"),
    });
    this.#all.add(thread);
    void thread.ended.then(() => this.#all.delete(thread));
    return thread;
  }

  #supervise(thread: ScriptThread): void {
    this.#ready++;
    void thread.ended.then((reason) => {
      this.#ready--;
      const at = this.#idle.indexOf(thread);
      if (at >= 0) this.#idle.splice(at, 1);
      if (this.#isClosing) return;
      this.#options.logger.error(
        { err: reason },
        "an entry script's thread ended and is being replaced",
      );
      void this.#replace(restartDelay.first);
    });
    this.#release(thread);
  }

  async #replace(delayMs: number): Promise<void> {
    if (this.#isClosing) return;
    const thread = this.#spawn();
    try {
      await thread.ready;
    } catch (error) {
      if (this.#isClosing) return;
      this.#options.logger.error({ err: error, delayMs }, "the entry script did not start");
      const next = Math.min(2 * delayMs, restartDelay.last);
      setTimeout(() => void this.#replace(next), delayMs).unref();
      return;
    }
    if (this.#isClosing) await thread.terminate();
    else this.#supervise(thread);
  }

  #release(thread: ScriptThread): void {
    if (!thread.isAlive) return;
    const next = this.#waiting.shift();
    if (next) next(thread);
    else this.#idle.push(thread);
  }

  /**
   * Runs one request in a thread of its own.
   * @throws ScoringError QUEUE_FULL, QUEUE_WAIT_EXCEEDED, CANCELLED, or as `ScriptThread.run`
   */
  async run(request: ScriptRequest, context: CallContext): Promise<ScriptAnswer> {
    const thread = this.#idle.pop() ?? (await this.#wait(context.signal));
    try {
      return await thread.run(request, context);
    } finally {
      this.#release(thread);
    }
  }

  #wait(signal: AbortSignal): Promise<ScriptThread> {
    const { maxQueueSize, maxQueueWaitMs } = this.#options;
    if (this.#waiting.length >= maxQueueSize) {
      const message = `Too many requests: ${maxQueueSize} are waiting for the entry script already.`;
      return Promise.reject(new ScoringError("QUEUE_FULL", message));
    }
    return new Promise((resolve, reject) => {
      const leave = (error: ScoringError) => {
        end();
        const at = this.#waiting.indexOf(enter);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(error);
      };
      const onAbort = () => leave(callerGone());
      const timer = setTimeout(() => {
        const message = `No thread of the entry script was free within ${maxQueueWaitMs} ms.`;
        leave(new ScoringError("QUEUE_WAIT_EXCEEDED", message));
      }, maxQueueWaitMs);
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      const enter = (thread: ScriptThread) => {
        end();
        resolve(thread);
      };
      signal.addEventListener("abort", onAbort);
      this.#waiting.push(enter);
    });
  }

  /** Ends all threads; call when no request is left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#all].map((thread) => thread.terminate()));
  }
}
