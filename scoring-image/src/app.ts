import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { Batcher } from "./inference/batcher";
import type { SessionPlan } from "./inference/messages";
import { Predictor } from "./inference/predictor";
import { SessionPool } from "./inference/sessionPool";
import { checkGraph, type Graph } from "./model/graph";
import { ModelPackageError, readModelPackage, type ModelPackage } from "./model/modelPackage";
import { Protocols, type ServiceAddress } from "./protocols";
import type { Settings } from "./settings";
import { Metrics } from "./telemetry/metrics";

export interface ServiceOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Path of the bundled `sessionWorker.js`. */
  readonly workerEntry: string;
}

/** The scoring service: model, session workers and protocols, put together from settings. It owns no process. */
export class ScoringService {
  readonly model: ModelPackage;
  readonly #options: ServiceOptions;
  readonly #metrics = new Metrics();
  readonly #pool: SessionPool;
  readonly #batcher: Batcher;
  #protocols: Protocols | undefined;
  #isWarm = false;
  #isDraining = false;

  /** @throws ModelPackageError when the model package cannot be served */
  constructor(options: ServiceOptions) {
    const { settings, logger, workerEntry } = options;
    this.#options = options;
    this.model = readModelPackage(settings.modelDir);
    this.#pool = new SessionPool({
      entry: workerEntry,
      plan: planFor(this.model, settings),
      instances: settings.instances,
      logger,
      onIdle: () => this.#batcher.pump(),
      onRestart: () => this.#metrics.countRestart(),
    });
    this.#batcher = new Batcher(this.#pool, settings, this.#metrics);
    this.#metrics.watch({
      queueLength: () => this.#batcher.length,
      workersReady: () => this.#pool.readyCount,
    });
  }

  /** True when new requests should be sent here: warm, and not about to stop. */
  get isReady(): boolean {
    return this.#canScore && !this.#isDraining;
  }

  get #canScore(): boolean {
    return this.#isWarm && this.#pool.readyCount > 0;
  }

  /**
   * Listens, then opens and warms the model: until that is done the service answers that it is alive but not ready.
   * @throws ModelPackageError when the graph is refused; Node's EADDRINUSE when a port is taken
   */
  async start(): Promise<ServiceAddress> {
    try {
      this.#protocols = await this.#buildProtocols();
      const address = await this.#protocols.listen();
      checkGraph(this.model, await this.#openModel());
      this.#isWarm = true;
      return address;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #openModel(): Promise<Graph> {
    return this.#pool.start().catch((cause: Error) => {
      const { executionProvider } = this.#options.settings;
      const reason = cause.message.replace(/\s+/g, " ");
      const message =
        executionProvider === "cpu"
          ? `${this.model.file} cannot be opened: ${reason}`
          : `EXECUTION_PROVIDER is "${executionProvider}", but ${this.model.file} cannot run there: ${reason}. ` +
            "It needs the cuda image, a GPU and its driver; it never falls back to the CPU";
      throw new ModelPackageError(message, { cause });
    });
  }

  #buildProtocols(): Promise<Protocols> {
    const { settings, logger } = this.#options;
    return Protocols.build({
      settings,
      logger,
      predictor: new Predictor(this.model, this.#batcher, settings, () => this.#canScore),
      metrics: this.#metrics,
      isReady: () => this.isReady,
      isDraining: () => this.#isDraining,
    });
  }

  /**
   * Stops in order: not ready; accept for `preStopDelayMs` more; close the door; let every accepted request finish,
   * at most `shutdownGraceMs`; end the workers.
   * @returns false when requests were cut off because the grace period ended
   */
  async stop(): Promise<boolean> {
    const { preStopDelayMs, shutdownGraceMs } = this.#options.settings;
    this.#isDraining = true;
    await delay(preStopDelayMs);
    const isComplete = await this.#protocols?.drain(shutdownGraceMs);
    await Promise.all([this.#protocols?.close(), this.#pool.close()]);
    return isComplete ?? true;
  }
}

function planFor(model: ModelPackage, settings: Settings): SessionPlan {
  const batch = model.input.shape[0] as number | string;
  if (typeof batch === "number" && batch !== settings.maxBatchSize) {
    throw new ModelPackageError(
      `${model.name} takes batches of exactly ${batch}, but MAX_BATCH_SIZE is ${settings.maxBatchSize}: ` +
        (batch === 1 ? "set MAX_BATCH_SIZE=1" : "export the model with a free batch dimension"),
    );
  }
  return {
    modelFile: model.file,
    inputName: model.input.name,
    transform: model.input.transform,
    outputNames: model.outputs.map(({ name }) => name),
    executionProvider: settings.executionProvider,
    threads: settings.threadsPerInstance,
    maxBatchSize: settings.maxBatchSize,
  };
}
