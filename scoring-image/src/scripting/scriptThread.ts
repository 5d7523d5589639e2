import { Worker } from "node:worker_threads";
import { ScoringError } from "../errors";
import type { CallContext } from "../inference/call";
import type {
  FromScript,
  PredictOrder,
  Prediction,
  ScriptAnswer,
  ScriptPlan,
  ScriptRequest,
  ToScript,
} from "./messages";

/** Runs the model for a script. */
export type PredictBridge = (order: PredictOrder, context: CallContext) => Promise<Prediction>;

export interface ScriptThreadOptions {
  /** Path of the bundled `scriptWorker.js`. */
  readonly entry: string;
  readonly plan: ScriptPlan;
  /** Environment that the script sees; the service's keys are not in it. */
  readonly env: NodeJS.ProcessEnv;
  readonly predict: PredictBridge;
  /** Longest time for init(), in milliseconds. */
  readonly initTimeoutMs: number;
  /** What the script prints, a line at a time. */
  readonly onOutput: (line: string) => void;
}

interface Pending {
  readonly context: CallContext;
  readonly resolve: (answer: ScriptAnswer) => void;
  readonly reject: (error: ScoringError) => void;
}

const failed = (cause: Error) =>
  new ScoringError("SCRIPT_FAILED", "The entry script failed; the service's log says why.", {
    cause,
  });

/** The main thread's side of one script thread: one request at a time, ended when its time is up. */
export class ScriptThread {
  readonly #worker: Worker;
  readonly #predict: PredictBridge;
  readonly #initContext: CallContext;
  /** Resolves when init() is done; rejects with the reason when the thread ended before. */
  readonly ready: Promise<void>;
  /** Resolves with the reason when the thread has ended, however that came about. */
  readonly ended: Promise<Error>;
  #pending: Pending | undefined;
  #isAlive = true;

  constructor({ entry, plan, env, predict, initTimeoutMs, onOutput }: ScriptThreadOptions) {
    this.#predict = predict;
    const deadline = performance.now() + initTimeoutMs;
    this.#initContext = { signal: new AbortController().signal, deadline };
    this.#worker = new Worker(entry, {
      workerData: plan,
      name: "script",
      env,
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n")) if (line.trim() !== "") onOutput(line);
      });
    }
    let reason: Error | undefined;
    const timer = setTimeout(() => {
      reason = new Error(`init() took more than ${initTimeoutMs} ms`);
      void this.terminate();
    }, initTimeoutMs);
    this.ended = new Promise((resolve) => {
      this.#worker.once("error", (error) => (reason ??= error as Error));
      this.#worker.once("exit", (code) => {
        clearTimeout(timer);
        this.#isAlive = false;
        const error = reason ?? new Error(`the script ended its thread with code ${code}`);
        this.#settle(failed(error));
        resolve(error);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromScript) => {
        if (message.type === "ready") {
          clearTimeout(timer);
          resolve();
        } else this.#receive(message);
      });
      void this.ended.then(reject);
    });
    // Whoever awaits `ready` sees the reason; a thread that nobody waits for must not crash the process.
    this.ready.catch(() => undefined);
  }

  /** False from the moment on at which it is being ended. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  #receive(message: Exclude<FromScript, { type: "ready" }>): void {
    switch (message.type) {
      case "answer":
        this.#settle(message.answer);
        return;
      case "failed": {
        const { code, stack } = message;
        const cause = Object.assign(new Error(message.message), { stack });
        this.#settle(code ? new ScoringError(code, message.message) : failed(cause));
        return;
      }
      case "predict":
        void this.#answerPrediction(message.id, message.order);
    }
  }

  async #answerPrediction(id: number, order: PredictOrder): Promise<void> {
    const prediction = await this.#predict(order, this.#pending?.context ?? this.#initContext);
    this.#worker.postMessage({ type: "prediction", id, prediction } satisfies ToScript);
  }

  #settle(outcome: ScriptAnswer | ScoringError): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (outcome instanceof ScoringError) pending?.reject(outcome);
    else pending?.resolve(outcome);
  }

  /**
   * Runs one request; call only when the previous one has settled. At the deadline the thread is ended, since nothing else stops a
   * script that hangs.
   * @throws ScoringError SCRIPT_FAILED, DEADLINE_EXCEEDED, or what the model's failure came to
   */
  async run(request: ScriptRequest, context: CallContext): Promise<ScriptAnswer> {
    const timeoutMs = Math.max(1, Math.ceil(context.deadline - performance.now()));
    const timer = setTimeout(() => {
      const message = "The entry script did not answer in time.";
      void this.terminate();
      this.#settle(new ScoringError("DEADLINE_EXCEEDED", message));
    }, timeoutMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#pending = { context, resolve, reject };
        const message: ToScript = { type: "run", request, timeoutMs };
        this.#worker.postMessage(message, [request.body.buffer]);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the thread at once; it holds no session, so ONNX Runtime does not mind. */
  async terminate(): Promise<void> {
    this.#isAlive = false;
    await this.#worker.terminate();
  }
}
