import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { ScoringError } from "./errors";
import { HangWatch } from "./inference/hangWatch";
import { warmPipeline } from "./inference/warmPipeline";
import { notReady } from "./inference/notReady";
import { Pipeline } from "./inference/pipeline";
import { planFor } from "./inference/plan";
import { Predictor } from "./inference/predictor";
import { openHost, type OpenHost } from "./inference/runtimes/open";
import { ByteBudget } from "./limits/byteBudget";
import { MemoryRelief } from "./limits/memoryRelief";
import { JsonThread } from "./json/jsonThread";
import { checkGraph } from "./model/graph";
import { createScriptPool } from "./scripting/createScriptPool";
import type { ScriptPool } from "./scripting/scriptPool";
import { ModelPackageError, readModelPackage, type ModelPackage } from "./model/modelPackage";
import { buildAuthenticators, type Authenticators } from "./security/authenticators";
import { readCertificate, type Certificate } from "./security/certificate";
import { scoresForm } from "./protocols/azureml/answer";
import { Protocols, type ServiceAddress } from "./protocols";
import type { Settings } from "./settings";
import { Metrics } from "./telemetry/metrics";

/** How long threads may take to end what they are doing once the grace period is over, in milliseconds. */
const closeMs = 3000;

/** How a service has stopped. */
export interface Stop {
  /** False when requests were cut off because the grace period ended. */
  readonly isComplete: boolean;
  /** False when a thread was still busy after all, perhaps in native code: then only the end of the process ends it. */
  readonly haveThreadsEnded: boolean;
}

/** How long a service on a GPU scores made pictures before it is ready, in milliseconds. */
const warmMs = 700;

export interface ServiceOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Folder of the bundled entries of the threads. */
  readonly entries: string;
  /** Called when a run on the device has not returned long after it was given up: only ending the process frees the device. */
  readonly onHang: (reason: Error) => void;
  /** The threads that score; `stageWorker.js` of that folder, and what the settings say, unless another device is emulated. */
  readonly device?: { readonly stageEntry: string; readonly openHost: OpenHost } | undefined;
}

/** The scoring service: model, pipeline and protocols, put together from settings. It owns no process. */
export class ScoringService {
  readonly model: ModelPackage;
  readonly #options: ServiceOptions;
  readonly #metrics = new Metrics();
  readonly #budget: ByteBudget;
  readonly #relief: MemoryRelief;
  readonly #pipeline: Pipeline;
  readonly #predictor: Predictor;
  readonly #script: ScriptPool | undefined;
  readonly #json: JsonThread;
  readonly #certificate: Certificate | undefined;
  readonly #authenticators: Authenticators;
  readonly #watch: HangWatch;
  #protocols: Protocols | undefined;
  #isWarm = false;
  #isDraining = false;
  #stopped: Promise<Stop> | undefined;

  /**
   * @throws ModelPackageError when the model package cannot be served
   * @throws CertificateError when TLS is asked for and its files cannot be used
   * @throws KeyFileError when key files are named that cannot be used
   */
  constructor(options: ServiceOptions) {
    const { settings, logger, entries } = options;
    this.#options = options;
    this.#budget = new ByteBudget(settings.maxHeldBytes);
    this.#relief = new MemoryRelief(this.#budget);
    this.#certificate = settings.tls && readCertificate(settings.tls);
    this.#authenticators = buildAuthenticators(settings.access, logger);
    this.model = readModelPackage(settings.modelDir, settings.runtime === undefined);
    this.#pipeline = this.#buildPipeline();
    this.#json = new JsonThread(path.join(entries, "jsonWorker.js"));
    this.#predictor = new Predictor(this.model, this.#pipeline, settings, () => this.#whyNot());
    this.#script = createScriptPool({
      ...{ settings, logger, predictor: this.#predictor },
      entry: path.join(entries, "scriptWorker.js"),
    });
    this.#watch = new HangWatch(this.#pipeline, logger, options.onHang);
  }

  #buildPipeline(): Pipeline {
    const { settings, logger, entries, device } = this.#options;
    const metrics = this.#metrics;
    const pipeline: Pipeline = new Pipeline({
      ...settings,
      ...{ logger, metrics },
      plan: planFor(this.model, settings),
      entry: device?.stageEntry ?? path.join(entries, "stageWorker.js"),
      openHost: device?.openHost ?? openHost,
      check: (graph) => checkGraph(this.model, graph),
      onRestart: () => metrics.countRestart(),
      onLoss: settings.runtime && metrics.watchRuntime({ isReady: () => this.#canScore }),
    });
    metrics.watch({
      waiting: () => pipeline.waiting,
      decoding: () => pipeline.decoding,
      finishing: () => pipeline.finishing,
      lanesReady: () => pipeline.threads.lanes.ready.size,
      decodeThreads: () => pipeline.threads.decoders?.ready.size ?? 0,
    });
    return pipeline;
  }

  /** True when new requests should be sent here: warm, and not about to stop. */
  get isReady(): boolean {
    return this.#canScore && (this.#script?.isReady ?? true) && !this.#isDraining;
  }

  get #canScore(): boolean {
    return this.#isWarm && this.#pipeline.threads.lanes.ready.size > 0 && !this.#watch.isHanging;
  }

  #whyNot(): ScoringError | undefined {
    return this.#canScore ? undefined : notReady(this.#pipeline.threads.isAway);
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
      await this.#warm();
      this.#isWarm = true;
      await this.#startScript();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #openModel(): Promise<void> {
    return this.#pipeline.start().catch((cause: Error) => {
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

  /** On a CPU the model itself takes most of the time, and starts are to be short. */
  async #warm(): Promise<void> {
    const { executionProvider, runtime } = this.#options.settings;
    if (runtime || executionProvider === "cpu") return;
    const form = { form: scoresForm, args: {} };
    await this.#metrics.paused(() =>
      warmPipeline(this.#pipeline, this.model.input.transform, form, warmMs),
    );
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
      budget: this.#budget,
      metrics: this.#metrics,
      isReady: () => this.isReady,
      isDraining: () => this.#isDraining,
    });
  }

  /**
   * Stops in order: not ready; accept for `preStopDelayMs` more; close the door; let every accepted request finish,
   * at most `shutdownGraceMs`; end the threads, which takes some seconds at most.
   */
  stop(): Promise<Stop> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<Stop> {
    const { preStopDelayMs, shutdownGraceMs } = this.#options.settings;
    this.#isDraining = true;
    await delay(preStopDelayMs);
    const isComplete = await this.#protocols?.drain(shutdownGraceMs);
    this.#watch.close();
    this.#relief.close();
    const closed = Promise.all([
      ...[this.#protocols?.close(), this.#script?.close()],
      ...[this.#json.close(), this.#pipeline.close()],
    ]).then(() => true);
    const haveThreadsEnded = await Promise.race([closed, delay(closeMs, false, { ref: false })]);
    return { isComplete: isComplete ?? true, haveThreadsEnded };
  }
}
