import { Worker } from "node:worker_threads";
import { ScoringError } from "../errors";
import type { Graph } from "../model/graph";
import type { InputImage, Job, SessionPlan, WorkerMessage, WorkerOrder } from "./messages";

/** What a job came to; see {@link WorkerMessage}. */
export type JobOutcome = Extract<WorkerMessage, { type: "done" }>;

interface Pending {
  readonly resolve: (outcome: JobOutcome) => void;
  readonly reject: (error: Error) => void;
}

const bufferOf = (image: InputImage) =>
  ("values" in image ? image.values : image.bytes).buffer as ArrayBuffer;

/** The main thread's side of one session worker: runs one job at a time and notices its death. */
export class SessionThread {
  readonly #worker: Worker;
  /** Resolves when the session is open and warm; rejects with the reason if the worker died before. */
  readonly ready: Promise<Graph>;
  /** Resolves with the reason when the worker has ended, however that came about. */
  readonly ended: Promise<Error>;
  #pending: Pending | undefined;
  #hasEnded = false;

  /** @param entry path of the bundled `sessionWorker.js` */
  constructor(entry: string, plan: SessionPlan) {
    this.#worker = new Worker(entry, {
      workerData: plan,
      name: "session",
      // A worker keeps next to nothing between jobs: without a bound V8 lets garbage grow instead of collecting it.
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 },
    });
    this.ended = new Promise((resolve) => {
      let reason: Error | undefined;
      this.#worker.once("error", (error) => (reason = error as Error));
      this.#worker.once("exit", (code) => {
        this.#hasEnded = true;
        const error = reason ?? new Error(`the session worker ended with code ${code}`);
        this.#abandon(error);
        resolve(error);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: WorkerMessage) => {
        if (message.type === "ready") resolve(message.graph);
        else this.#settle(message);
      });
      void this.ended.then(reject);
    });
    // Whoever awaits `ready` sees the reason; a thread that nobody waits for must not crash the process.
    this.ready.catch(() => undefined);
  }

  /** True from the moment the worker has ended: it must not be given another job, which nobody would ever answer. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  #abandon(cause: Error): void {
    const message = "The session worker died; send the request again.";
    this.#pending?.reject(new ScoringError("WORKER_LOST", message, { cause }));
    this.#pending = undefined;
  }

  #settle(outcome: JobOutcome): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(outcome);
  }

  /**
   * Runs a job; the pictures' memory is moved to the worker. Call only when the previous job has settled.
   * @throws ScoringError WORKER_LOST when the worker dies before it answers
   */
  run(job: Job): Promise<JobOutcome> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      const moved = new Set(job.images.map(bufferOf));
      this.#worker.postMessage(job, [...moved]);
    });
  }

  /**
   * Lets the job in progress finish, then ends the worker. It is not terminated in the middle of a run: ONNX Runtime's binding
   * aborts the whole process when its thread is ended under it.
   */
  async close(): Promise<void> {
    this.#worker.postMessage("close" satisfies WorkerOrder);
    await this.ended;
  }

  /** Ends the worker at once; a job in progress fails with WORKER_LOST. Must not be called while ONNX Runtime runs. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
