import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { metricNames } from "../contract";

/** Histogram bounds in seconds, from a cheap decode to the scoring timeout. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Values read at the moment of a scrape. */
export interface LiveValues {
  readonly queueLength: () => number;
  readonly workersReady: () => number;
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
    help: "Pictures a run",
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  });
  readonly #restarts = new Counter({
    name: metricNames.workerRestarts,
    help: "Session workers that died and were replaced",
    registers: [this.registry],
  });
  readonly #request = this.#histogram(metricNames.requestDuration, "Scoring request, whole");
  readonly #queue = this.#histogram(metricNames.queueDuration, "Wait for a session worker");
  readonly #imaging = this.#histogram(metricNames.imagingDuration, "Decoding and resizing a batch");
  readonly #inference = this.#histogram(
    metricNames.inferenceDuration,
    "The model, a batch; waits for a runtime that has gone included",
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Exposes values that others hold. */
  watch({ queueLength, workersReady }: LiveValues): void {
    this.#gauge(metricNames.queueLength, "Pictures that wait for a session worker", queueLength);
    this.#gauge(metricNames.workersReady, "Session workers that are open and warm", workersReady);
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
    this.#queue.observe(queueMs / 1000);
  }

  observeBatch(batch: { size: number; imagingMs: number; inferenceMs: number }): void {
    this.#batchSize.observe(batch.size);
    this.#imaging.observe(batch.imagingMs / 1000);
    if (batch.inferenceMs > 0) this.#inference.observe(batch.inferenceMs / 1000);
  }

  countRestart(): void {
    this.#restarts.inc();
  }
}
