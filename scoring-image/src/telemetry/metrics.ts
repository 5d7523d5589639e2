import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { metricNames } from "../contract";

/** Histogram bounds in seconds, from a cheap decode to the scoring timeout. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Values read at the moment of a scrape. */
export interface LiveValues {
  /** Pictures that no lane has taken. */
  readonly waiting: () => number;
  /** Those of them that are not decoded. */
  readonly decoding: () => number;
  /** Requests that wait for their answers to be written. */
  readonly finishing: () => number;
  readonly lanesReady: () => number;
  readonly decodeThreads: () => number;
}

/** Values about callers, whatever they call. */
export interface CallerValues {
  /** Open connections. */
  readonly connections: () => number;
  /** Bytes of requests that are held. */
  readonly heldBytes: () => number;
  /** Lines of the log that were dropped. */
  readonly droppedLines: () => number;
}

/** Values about the runtime that runs the model, where it is not this process. */
export interface RuntimeValues {
  readonly isReady: () => boolean;
}

/** The service's Prometheus metrics, process metrics of prom-client included; docs/server.md lists them. */
export class Metrics {
  readonly registry = new Registry();
  readonly #histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets, registers: [this.registry] });
  readonly #counter = (name: string, help: string) =>
    new Counter({ name, help, registers: [this.registry] });
  readonly #requests = new Counter({
    name: metricNames.requests,
    help: "Scoring requests by protocol and outcome (OK or an error code)",
    labelNames: ["protocol", "code"] as const,
    registers: [this.registry],
  });
  readonly #inFlight = new Gauge({
    name: metricNames.inFlight,
    help: "Scoring requests that are being handled",
    registers: [this.registry],
  });
  readonly #batchSize = new Histogram({
    name: metricNames.batchSize,
    help: "Pictures of a batch, without its padding",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [this.registry],
  });
  readonly #restarts = new Counter({
    name: metricNames.threadRestarts,
    help: "Lanes and decode threads that died and were replaced",
    registers: [this.registry],
  });
  readonly #request = this.#histogram(metricNames.requestDuration, "Scoring request, whole");
  readonly #queue = this.#histogram(
    metricNames.queueDuration,
    "From a picture's arrival until a lane took it",
  );
  readonly #decodeWait = this.#histogram(
    metricNames.decodeWaitDuration,
    "From a picture's arrival until a decode thread was given it",
  );
  readonly #imaging = this.#histogram(
    metricNames.imagingDuration,
    "Decoding and resizing: a picture in a decode thread, a batch in a lane",
  );
  readonly #inference = this.#histogram(
    metricNames.inferenceDuration,
    "The model, a batch; waits for a runtime that has gone included",
  );
  readonly #finishWait = this.#histogram(
    metricNames.finishWaitDuration,
    "Wait of a request with all its outputs for a thread to write its answer",
  );
  readonly #finish = this.#histogram(
    metricNames.finishDuration,
    "Writing an answer, where it was not done in the lane",
  );
  readonly #padding = this.#counter(
    metricNames.paddingRows,
    "Rows that batches were padded with to reach a size of the ladder",
  );
  readonly #decodeBusy = this.#counter(
    metricNames.decodeBusy,
    "Time that decode threads spent on pictures and answers, all of them together",
  );
  readonly #laneBusy = this.#counter(
    metricNames.laneBusy,
    "Time that lanes spent on batches, all of them together",
  );

  readonly #connectionsRefused = new Counter({
    name: metricNames.connectionsRefused,
    help: "Connections closed at once for too many in all or of one address, or ended for unread answers",
    labelNames: ["reason"] as const,
    registers: [this.registry],
  });

  #isPaused = false;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts nothing of what the pipeline does meanwhile, such as a warm-up, which no caller has asked for. */
  async paused(work: () => Promise<void>): Promise<void> {
    this.#isPaused = true;
    await work().finally(() => (this.#isPaused = false));
  }

  /** Exposes values that others hold. */
  watch(values: LiveValues): void {
    this.#gauge(metricNames.queueLength, "Pictures that no lane has taken", values.waiting);
    this.#gauge(metricNames.decodeQueueLength, "Pictures that are not decoded", values.decoding);
    const finishing = "Requests that wait for their answers to be written";
    this.#gauge(metricNames.finishQueueLength, finishing, values.finishing);
    this.#gauge(metricNames.lanesReady, "Lanes that are open and warm", values.lanesReady);
    const decodeThreads = "Decode threads; 0 where each lane decodes its own pictures";
    this.#gauge(metricNames.decodeThreads, decodeThreads, values.decodeThreads);
  }

  /** Exposes what callers hold. */
  watchCallers({ connections, heldBytes, droppedLines }: CallerValues): void {
    this.#gauge(metricNames.connections, "Open connections", connections);
    this.#gauge(metricNames.heldBytes, "Bytes of requests that are held", heldBytes);
    let counted = 0;
    new Counter({
      name: metricNames.logLinesDropped,
      help: "Lines of the log that could not be written and were dropped",
      registers: [this.registry],
      collect() {
        const now = droppedLines();
        this.inc(now - counted);
        counted = now;
      },
    });
  }

  /**
   * Exposes how the runtime is that runs the model.
   * @returns counts one time that it has gone
   */
  watchRuntime({ isReady }: RuntimeValues): () => void {
    const help = "1 while the runtime beside the server can run the model";
    this.#gauge(metricNames.runtimeReady, help, () => Number(isReady()));
    const losses = new Counter({
      name: metricNames.runtimeLosses,
      help: "Times that this runtime has gone or stopped being ready",
      registers: [this.registry],
    });
    return () => losses.inc();
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** Counts a scoring request as begun; call the result once with its outcome. */
  begin(protocol: string): (code: string) => void {
    const started = performance.now();
    this.#inFlight.inc();
    return (code) => {
      this.#inFlight.dec();
      this.#requests.inc({ protocol, code });
      this.#request.observe((performance.now() - started) / 1000);
    };
  }

  observeQueue(queueMs: number): void {
    if (this.#isPaused) return;
    this.#queue.observe(queueMs / 1000);
  }

  observeDecodeWait(ms: number): void {
    if (this.#isPaused) return;
    this.#decodeWait.observe(ms / 1000);
  }

  /** A picture that a decode thread has decoded. */
  observeDecode(ms: number): void {
    if (this.#isPaused) return;
    this.#imaging.observe(ms / 1000);
    this.#decodeBusy.inc(ms / 1000);
  }

  /** A batch that a lane has run. @param batch with the time in which the lane itself decoded, 0 where it does not */
  observeBatch(batch: {
    readonly size: number;
    readonly padding: number;
    readonly imagingMs: number;
    readonly inferenceMs: number;
  }): void {
    if (this.#isPaused) return;
    this.#batchSize.observe(batch.size);
    this.#padding.inc(batch.padding);
    this.#laneBusy.inc((batch.imagingMs + batch.inferenceMs) / 1000);
    if (batch.imagingMs > 0) this.#imaging.observe(batch.imagingMs / 1000);
    if (batch.inferenceMs > 0) this.#inference.observe(batch.inferenceMs / 1000);
  }

  /** An answer that was written. @param answer with whether a decode thread wrote it, and not a lane */
  observeFinish(answer: {
    readonly waitedMs: number;
    readonly ms: number;
    readonly isByDecoder: boolean;
  }): void {
    if (this.#isPaused) return;
    this.#finishWait.observe(answer.waitedMs / 1000);
    this.#finish.observe(answer.ms / 1000);
    if (answer.isByDecoder) this.#decodeBusy.inc(answer.ms / 1000);
  }

  /** @param reason `all`, `address` or `unread` */
  countRefusedConnection(reason: string): void {
    this.#connectionsRefused.inc({ reason });
  }

  countRestart(): void {
    this.#restarts.inc();
  }
}
