import { setTimeout as delay } from "node:timers/promises";
import { callerGone, ScoringError, tooLate } from "../../../errors";
import type { OutputTensor } from "../../tensors";
import { notReady } from "../../notReady";
import type { Availability, BatchRow, Patience, Runtime } from "../runtime";
import { failureOf } from "./failure";
import type { OpenInferencePlan } from "./plan";
import { RuntimeClient } from "./runtimeClient";
import { readRuntimeModel, type RuntimeModel } from "./runtimeModel";
import { RuntimeWatch, type RuntimeState } from "./runtimeWatch";
import { readResponse, writeRequest } from "./tensors";

/**
 * How often a batch is sent at most when the connection breaks on it. Inference changes nothing, so sending it again is safe; but a batch
 * that ends the runtime must not do so for ever.
 */
const maxSends = 2;

/** An accelerator's first run may build what the later ones use. */
const warmUpTimeoutMs = 60_000;

/** Pause before a busy runtime is asked again, in milliseconds: doubled from the first to the last. */
const busyPause = { first: 5, last: 100 } as const;

/** A runtime beside this process, over gRPC: one connection and one ModelInfer at a time for each lane. */
export class OpenInferenceRuntime implements Runtime {
  readonly isBlocking = false;
  readonly sizes: readonly number[];
  readonly #plan: OpenInferencePlan;
  readonly #client: RuntimeClient;
  readonly #watch: RuntimeWatch;
  #latest: RuntimeState | undefined;
  #listener: ((availability: Availability) => void) | undefined;

  constructor(plan: OpenInferencePlan) {
    this.#plan = plan;
    this.sizes = plan.sizes;
    const { address, model } = plan;
    const where = `the model "${model}" of the runtime at ${address}`;
    const client = new RuntimeClient(address, model);
    this.#client = client;
    this.#watch = new RuntimeWatch({
      ...{ client, modelName: model },
      readModel: async () => readRuntimeModel(await client.modelMetadata(), plan, where),
      onChange: (state) => {
        this.#latest = state;
        this.#listener?.(this.#availabilityOf(state));
      },
    });
  }

  watch(listener: (availability: Availability) => void): void {
    this.#listener = listener;
    if (this.#latest) listener(this.#availabilityOf(this.#latest));
  }

  #availabilityOf(state: RuntimeState): Availability {
    if ("graph" in state) return { graph: state.graph };
    return { reason: `the runtime at ${this.#plan.address} ${state.reason}` };
  }

  async run(rows: readonly BatchRow[], patience: Patience): Promise<OutputTensor[][]> {
    const waiting = new Waiting(patience, this.#plan.maxWaitMs);
    const size = this.sizes.find((one) => one >= rows.length) as number;
    let model = this.#watch.model ?? (await this.#return(waiting));
    for (let sent = 1; ; sent++) {
      try {
        const request = writeRequest(this.#plan, model, rows, size);
        const response = await this.#infer(request, waiting);
        return readResponse(this.#plan, model, response, size).slice(0, rows.length);
      } catch (error) {
        if (failureOf(error) !== "away") throw error;
        this.#watch.lost(error);
        if (sent === maxSends) throw notReady(true);
        model = await this.#return(waiting, model);
      }
    }
  }

  /** Calls the runtime, again as long as it says that it is busy. */
  async #infer(request: ReturnType<typeof writeRequest>, waiting: Waiting) {
    const { signal } = waiting;
    for (let pause: number = busyPause.first; ; pause = Math.min(2 * pause, busyPause.last)) {
      try {
        return await this.#client.modelInfer(request, { timeoutMs: waiting.leftMs, signal });
      } catch (error) {
        waiting.checkCallers();
        const failure = failureOf(error);
        if (failure === "late") throw tooLate();
        if (failure !== "busy") throw error;
        if (waiting.begin() <= pause) {
          throw new ScoringError("QUEUE_FULL", "The accelerator is busy.", { cause: error });
        }
        await delay(pause);
      }
    }
  }

  /** Waits for the runtime to come back. @param before the model that it had; another one is not trusted with a batch made for this one */
  async #return(waiting: Waiting, before?: RuntimeModel): Promise<RuntimeModel> {
    const model = await this.#watch.available(waiting.begin(), waiting.signal);
    waiting.checkCallers();
    if (!model || (before && JSON.stringify(before) !== JSON.stringify(model))) {
      throw notReady(true);
    }
    return model;
  }

  async warmUp(): Promise<void> {
    const { width, height, dtype } = this.#plan.transform;
    const values = 3 * width * height;
    const data = dtype === "uint8" ? new Uint8Array(values) : new Float32Array(values);
    const { signal } = new AbortController();
    for (const size of this.sizes) {
      const rows = Array.from({ length: size }, () => ({ data, from: "tensor" }) as const);
      // A model may refuse zeros and still be right about pictures.
      await this.run(rows, { timeoutMs: warmUpTimeoutMs, signal }).catch(() => undefined);
    }
  }

  describe(): string {
    const { address, model } = this.#plan;
    return `the runtime at ${address} is ready with its model "${model}"`;
  }

  close(): void {
    this.#watch.close();
    this.#client.close();
  }
}

/** How long one batch may still wait, for its answer and for a runtime that is away or busy. */
class Waiting {
  readonly signal: AbortSignal;
  readonly #until: number;
  #runtimeUntil: number | undefined;

  /** @param maxWaitMs longest wait for the runtime, from the first time that it is away or busy */
  constructor(
    { timeoutMs, signal }: Patience,
    private readonly maxWaitMs: number,
  ) {
    this.signal = signal;
    this.#until = performance.now() + timeoutMs;
  }

  /** Milliseconds until nobody wants the answer any more. */
  get leftMs(): number {
    return Math.max(0, this.#until - performance.now());
  }

  /** Begins to wait for the runtime, if it has not been done before. @returns the milliseconds that are left for it */
  begin(): number {
    const now = performance.now();
    this.#runtimeUntil ??= now + this.maxWaitMs;
    return Math.max(0, Math.min(this.#until, this.#runtimeUntil) - now);
  }

  /** @throws ScoringError CANCELLED or DEADLINE_EXCEEDED when nobody waits any more */
  checkCallers(): void {
    if (this.signal.aborted) throw callerGone();
    if (this.leftMs === 0) throw tooLate();
  }
}
