import type { Logger } from "pino";
import type { Graph } from "../model/graph";
import type { SessionPlan } from "./messages";
import { SessionThread } from "./sessionThread";

/** Waits between two attempts to replace a worker, in milliseconds: doubled from the first to the last. */
const restartDelay = { first: 100, last: 5000 } as const;

export interface SessionPoolOptions {
  /** Path of the bundled `sessionWorker.js`. */
  readonly entry: string;
  readonly plan: SessionPlan;
  /** Number of workers, each with a session of its own. */
  readonly instances: number;
  readonly logger: Logger;
  /** Called whenever a worker has become free. */
  readonly onIdle: () => void;
  /** Called when a worker has died and is being replaced. */
  readonly onRestart: () => void;
}

/** Keeps a fixed number of session workers alive and hands out those that are free. */
export class SessionPool {
  readonly #options: SessionPoolOptions;
  readonly #idle: SessionThread[] = [];
  readonly #ready = new Set<SessionThread>();
  readonly #all = new Set<SessionThread>();
  #isClosing = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** Number of workers that are open and warm, busy or not. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** All workers, starting ones included; for tests that end one. */
  get threads(): readonly SessionThread[] {
    return [...this.#all];
  }

  /**
   * Starts all workers and waits until every one of them is warm.
   * @returns the graph's inputs and outputs as ONNX Runtime reports them
   * @throws Error why ONNX Runtime refused the model
   */
  async start(): Promise<Graph> {
    const threads = Array.from({ length: this.#options.instances }, () => this.#spawn());
    const graphs = await Promise.all(threads.map((thread) => thread.ready));
    for (const thread of threads) this.#supervise(thread);
    return graphs[0] as Graph;
  }

  #spawn(): SessionThread {
    const thread = new SessionThread(this.#options.entry, this.#options.plan);
    this.#all.add(thread);
    return thread;
  }

  #supervise(thread: SessionThread): void {
    this.#ready.add(thread);
    void thread.ended.then((reason) => {
      this.#forget(thread);
      if (this.#isClosing) return;
      this.#options.logger.error({ err: reason }, "a session worker died and is being replaced");
      this.#options.onRestart();
      void this.#replace(restartDelay.first);
    });
    this.release(thread);
  }

  async #replace(delayMs: number): Promise<void> {
    const thread = this.#spawn();
    try {
      await thread.ready;
    } catch (error) {
      this.#forget(thread);
      if (this.#isClosing) return;
      this.#options.logger.error({ err: error, delayMs }, "a session worker did not start");
      const next = Math.min(2 * delayMs, restartDelay.last);
      setTimeout(() => void (this.#isClosing || this.#replace(next)), delayMs).unref();
      return;
    }
    if (this.#isClosing) await thread.close();
    else this.#supervise(thread);
  }

  #forget(thread: SessionThread): void {
    this.#all.delete(thread);
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

  /** Gives a worker back; one that has died meanwhile is ignored. */
  release(thread: SessionThread): void {
    // Its last job is given up before the pool hears of its end.
    if (thread.hasEnded || !this.#ready.has(thread)) return;
    this.#idle.push(thread);
    this.#options.onIdle();
  }

  /** Ends all workers, each after the run it is in. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#all].map((thread) => thread.close()));
  }
}
