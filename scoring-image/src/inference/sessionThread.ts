import { Worker } from "node:worker_threads";
import { ScoringError } from "../errors";
import type { Availability } from "./backends/backend";
import type { InputImage, Job, WorkerMessage, WorkerOrder } from "./messages";
import type { SessionPlan } from "./sessionPlan";

/** What a job came to; see {@link WorkerMessage}. */
export type JobOutcome = Extract<WorkerMessage, { type: "done" }> & {
  /** It had to wait because what runs the model had gone: its time tells nothing of other jobs. */
  readonly wasInterrupted: boolean;
};

interface Pending {
  readonly id: number;
  readonly resolve: (outcome: JobOutcome) => void;
  readonly reject: (error: Error) => void;
}

const bufferOf = (image: InputImage) =>
  ("values" in image ? image.values : image.bytes).buffer as ArrayBuffer;

/** The main thread's side of one session worker: runs one job at a time and notices its death. */
export class SessionThread {
  readonly #worker: Worker;
  /** Resolves when it is open, warm and can run batches for the first time; rejects with the reason if the worker died before. */
  readonly ready: Promise<void>;
  /** Resolves with the reason when the worker has ended, however that came about. */
  readonly ended: Promise<Error>;
  #pending: Pending | undefined;
  #wasInterrupted = false;
  #jobs = 0;
  #hasEnded = false;

  /**
   * @param entry path of the bundled `sessionWorker.js`
   * @param onAvailability told whenever batches can, or can no longer, be run
   */
  constructor(entry: string, plan: SessionPlan, onAvailability: (now: Availability) => void) {
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
        if (message.type === "done") {
          this.#settle(message);
          return;
        }
        const { availability } = message;
        if ("reason" in availability) this.#wasInterrupted = true;
        onAvailability(availability);
        if ("graph" in availability) resolve();
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

  #settle(outcome: Omit<JobOutcome, "wasInterrupted">): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve({ ...outcome, wasInterrupted: this.#wasInterrupted });
  }

  /** True while a job is in progress. */
  get isBusy(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Runs a job; the pictures' memory is moved to the worker. Call only when the previous job has settled.
   * @throws ScoringError WORKER_LOST when the worker dies before it answers
   */
  run(job: Pick<Job, "images" | "timeoutMs">): Promise<JobOutcome> {
    return new Promise((resolve, reject) => {
      const id = ++this.#jobs;
      this.#pending = { id, resolve, reject };
      this.#wasInterrupted = false;
      const moved = new Set(job.images.map(bufferOf));
      this.#worker.postMessage({ type: "job", id, ...job } satisfies WorkerOrder, [...moved]);
    });
  }

  /** Tells the worker that nobody waits for the job in progress any more; it settles as soon as the backend can let go of it. */
  cancel(): void {
    if (!this.#pending) return;
    const { id } = this.#pending;
    this.#worker.postMessage({ type: "cancel", id } satisfies WorkerOrder);
  }

  /**
   * Lets the job in progress finish, then ends the worker. It is not terminated in the middle of a run: ONNX Runtime's binding
   * aborts the whole process when its thread is ended under it.
   */
  async close(): Promise<void> {
    this.#worker.postMessage({ type: "close" } satisfies WorkerOrder);
    await this.ended;
  }

  /** Ends the worker at once; a job in progress fails with WORKER_LOST. Must not be called while ONNX Runtime runs. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
