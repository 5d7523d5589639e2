import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { ScoringError } from "./errors";
import { Batcher } from "./inference/batcher";
import { notReady } from "./inference/notReady";
import { Predictor } from "./inference/predictor";
import { planFor } from "./inference/sessionPlan";
import { SessionPool } from "./inference/sessionPool";
import { JsonThread } from "./json/jsonThread";
import { checkGraph } from "./model/graph";
import { createScriptPool } from "./scripting/createScriptPool";
import type { ScriptPool } from "./scripting/scriptPool";
import { ModelPackageError, readModelPackage, type ModelPackage } from "./model/modelPackage";
import { buildAuthenticators, type Authenticators } from "./security/authenticators";
import { readCertificate, type Certificate } from "./security/certificate";
import { Protocols, type ServiceAddress } from "./protocols";
import type { Settings } from "./settings";
import { Metrics } from "./telemetry/metrics";

export interface ServiceOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Path of the bundled `sessionWorker.js`; the other threads' entries are beside it. */
  readonly workerEntry: string;
}

/** The scoring service: model, session workers and protocols, put together from settings. It owns no process. */
export class ScoringService {
  readonly model: ModelPackage;
  readonly #options: ServiceOptions;
  readonly #metrics = new Metrics();
  readonly #pool: SessionPool;
  readonly #batcher: Batcher;
  readonly #predictor: Predictor;
  readonly #script: ScriptPool | undefined;
  readonly #json: JsonThread;
  readonly #certificate: Certificate | undefined;
  readonly #authenticators: Authenticators;
  #protocols: Protocols | undefined;
  #isWarm = false;
  #isDraining = false;
  #stopped: Promise<boolean> | undefined;

  /**
   * @throws ModelPackageError when the model package cannot be served
   * @throws CertificateError when TLS is asked for and its files cannot be used
   * @throws KeyFileError when key files are named that cannot be used
   */
  constructor(options: ServiceOptions) {
    const { settings, logger, workerEntry } = options;
    this.#options = options;
    this.#certificate = settings.tls && readCertificate(settings.tls);
    this.#authenticators = buildAuthenticators(settings.access, logger);
    const { runtime } = settings;
    this.model = readModelPackage(settings.modelDir, runtime === undefined);
    this.#pool = new SessionPool({
      entry: workerEntry,
      plan: planFor(this.model, {
        ...settings,
        threadsPerInstance: settings.threadsPerLane,
        maxBatchSize: Math.max(...settings.batchSizes.sizes),
        runtime: runtime && { ...runtime, model: runtime.model ?? this.model.name },
      }),
      check: (graph) => checkGraph(this.model, graph),
      instances: settings.lanes,
      logger,
      onIdle: () => this.#batcher.pump(),
      onRestart: () => this.#metrics.countRestart(),
      ...(runtime ? { onLoss: this.#metrics.watchRuntime({ isReady: () => this.#canScore }) } : {}),
    });
    this.#json = new JsonThread(path.join(path.dirname(workerEntry), "jsonWorker.js"));
    this.#batcher = new Batcher(
      this.#pool,
      { ...settings, maxBatchSize: Math.max(...settings.batchSizes.sizes) },
      this.#metrics,
    );
    this.#predictor = new Predictor(this.model, this.#batcher, settings, () => this.#whyNot());
    this.#script = createScriptPool({
      ...{ settings, logger, predictor: this.#predictor },
      entry: path.join(path.dirname(workerEntry), "scriptWorker.js"),
    });
    this.#metrics.watch({
      queueLength: () => this.#batcher.length,
      workersReady: () => this.#pool.readyCount,
    });
  }

  /** True when new requests should be sent here: warm, and not about to stop. */
  get isReady(): boolean {
    return this.#canScore && (this.#script?.isReady ?? true) && !this.#isDraining;
  }

  get #canScore(): boolean {
    return this.#isWarm && this.#pool.readyCount > 0;
  }

  #whyNot(): ScoringError | undefined {
    return this.#canScore ? undefined : notReady(this.#pool.isAway);
  }

  /**
   * Listens: until `load` is done the service answers that it is alive but not ready.
   * @throws Node's EADDRINUSE when a port is taken
   */
  async listen(): Promise<ServiceAddress> {
    try {
      this.#protocols = await this.#buildProtocols();
      return await this.#protocols.listen();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Opens and warms the model; where a runtime runs it, waits for the runtime for as long as that takes.
   * @throws ModelPackageError when the graph is refused; an Error when the service is stopped meanwhile
   */
  async load(): Promise<void> {
    try {
      await this.#openModel();
      this.#isWarm = true;
      await this.#startScript();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #openModel(): Promise<void> {
    return this.#pool.start().catch((cause: Error) => {
      if (cause instanceof ModelPackageError) throw cause;
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

  async #startScript(): Promise<void> {
    try {
      await this.#script?.start();
    } catch (cause) {
      const message = `${this.model.script} cannot be started: ${(cause as Error).message}`;
      throw new ModelPackageError(message, { cause });
    }
  }

  #buildProtocols(): Promise<Protocols> {
    const { settings, logger } = this.#options;
    return Protocols.build({
      settings,
      logger,
      certificate: this.#certificate,
      authenticators: this.#authenticators,
      predictor: this.#predictor,
      script: this.#script,
      json: this.#json,
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
  stop(): Promise<boolean> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<boolean> {
    const { preStopDelayMs, shutdownGraceMs } = this.#options.settings;
    this.#isDraining = true;
    await delay(preStopDelayMs);
    const isComplete = await this.#protocols?.drain(shutdownGraceMs);
    await Promise.all([this.#protocols?.close(), this.#script?.close(), this.#json.close()]);
    await this.#pool.close();
    return isComplete ?? true;
  }
}
