import type { Logger } from "pino";
import type { Graph } from "../model/graph";
import type { SessionPlan } from "./sessionPlan";
import { SessionThread } from "./sessionThread";

/** Waits between two attempts to replace a worker, in milliseconds: doubled from the first to the last. */
const restartDelay = { first: 100, last: 5000 } as const;

export interface SessionPoolOptions {
  /** Path of the bundled `sessionWorker.js`. */
  readonly entry: string;
  readonly plan: SessionPlan;
  /** Number of workers, each with a session or a connection to the runtime of its own. */
  readonly instances: number;
  readonly logger: Logger;
  /** Throws when the model that runs is not the one to be served; asked at every start of a worker and every return of a runtime. */
  readonly check: (graph: Graph) => void;
  /** Called whenever a worker has become free. */
  readonly onIdle: () => void;
  /** Called when a worker has died and is being replaced. */
  readonly onRestart: () => void;
  /** Called when what ran the model for all workers has gone. */
  readonly onLoss?: () => void;
}

/** Keeps a fixed number of session workers alive and hands out those that are free and can run batches. */
export class SessionPool {
  readonly #options: SessionPoolOptions;
  readonly #idle: SessionThread[] = [];
  readonly #ready = new Set<SessionThread>();
  readonly #all = new Set<SessionThread>();
  /** Why what runs the model is not there; undefined while it is. */
  #reason: string | undefined;
  #isClosing = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    if (options.plan.backend.kind === "openInference") this.#reason = "it has not been asked yet";
  }

  /** Number of workers that are open, warm and able to run batches, busy or not. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** True while what runs the model has gone or is not there yet. */
  get isAway(): boolean {
    return this.#reason !== undefined;
  }

  /** All workers, starting ones included; for tests that end one. */
  get threads(): readonly SessionThread[] {
    return [...this.#all];
  }

  /**
   * Starts all workers and waits until every one of them is warm, for a runtime that is not there as long as it takes.
   * @throws Error why ONNX Runtime refused the model, or what `check` threw
   */
  async start(): Promise<void> {
    const { instances } = this.#options;
    await Promise.all(Array.from({ length: instances }, () => this.#spawn()));
  }

  /** Starts a worker. @throws Error why it ended before it was ready, or what `check` threw */
  async #spawn(): Promise<void> {
    const { entry, plan, check, logger } = this.#options;
    let refusal: unknown;
    let isStarting = true;
    const thread: SessionThread = new SessionThread(entry, plan, (now) => {
      if ("reason" in now) return this.#lose(thread, now.reason);
      try {
        check(now.graph);
        this.#gain(thread);
      } catch (error) {
        refusal = error;
        // It may have taken the place of the right one between two looks.
        if (!isStarting) this.#lose(thread, (error as Error).message);
      }
    });
    this.#all.add(thread);
    try {
      await thread.ready;
      if (refusal) throw refusal as Error;
    } catch (error) {
      this.#forget(thread);
      await thread.close();
      throw error;
    }
    isStarting = false;
    void thread.ended.then((reason) => {
      this.#forget(thread);
      if (this.#isClosing) return;
      logger.error({ err: reason }, "a session worker died and is being replaced");
      this.#options.onRestart();
      void this.#replace(restartDelay.first);
    });
  }

  async #replace(delayMs: number): Promise<void> {
    try {
      await this.#spawn();
    } catch (error) {
      if (this.#isClosing) return;
      this.#options.logger.error({ err: error, delayMs }, "a session worker did not start");
      const next = Math.min(2 * delayMs, restartDelay.last);
      setTimeout(() => void (this.#isClosing || this.#replace(next)), delayMs).unref();
    }
  }

  #gain(thread: SessionThread): void {
    if (this.#reason !== undefined) this.#options.logger.info("the accelerator is ready");
    this.#reason = undefined;
    this.#ready.add(thread);
    if (!thread.isBusy) this.release(thread);
  }

  #lose(thread: SessionThread, reason: string): void {
    if (this.#isClosing) return;
    if (reason !== this.#reason) {
      this.#options.logger.warn({ reason }, "the accelerator is being programmed");
      this.#reason = reason;
    }
    const wasReady = this.#ready.has(thread);
    this.#withdraw(thread);
    if (wasReady && this.#ready.size === 0) this.#options.onLoss?.();
  }

  #forget(thread: SessionThread): void {
    this.#all.delete(thread);
    this.#withdraw(thread);
  }

  #withdraw(thread: SessionThread): void {
    this.#ready.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** True when a worker is free. */
  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** Number of free workers. */
  get idleCount(): number {
    return this.#idle.length;
  }

  /** Takes a free worker, the one used last first since its caches are warm; give it back with `release`. */
  acquire(): SessionThread | undefined {
    return this.#idle.pop();
  }

  /** Gives a worker back; one that has died or cannot run batches now is ignored, and comes back by itself when it can. */
  release(thread: SessionThread): void {
    // Its last job is given up before the pool hears of its end.
    if (thread.hasEnded || !this.#ready.has(thread) || this.#idle.includes(thread)) return;
    this.#idle.push(thread);
    this.#options.onIdle();
  }

  /** Ends all workers, each after the run it is in. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }
}
