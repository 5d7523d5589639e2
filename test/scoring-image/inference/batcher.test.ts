import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readImageHeader } from "../../../scoring-image/src/imaging/header";
import { Batcher, type BatcherOptions } from "../../../scoring-image/src/inference/batcher";
import { SessionPool } from "../../../scoring-image/src/inference/sessionPool";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { createLogger } from "../../../scoring-image/src/telemetry/logger";
import { Metrics } from "../../../scoring-image/src/telemetry/metrics";
import { dist } from "../../support/paths";
import { largePng, plainJpeg, sample } from "../../support/pictures";
import { onnxPlan, tinyPackage, type TinyModelName } from "../../support/tinyModel";

const options: BatcherOptions = {
  maxBatchSize: 1,
  maxBatchDelayMs: 0,
  maxQueueSize: 10,
  maxQueueBytes: 1e9,
  maxQueueWaitMs: 30_000,
};

interface Rig {
  readonly pool: SessionPool;
  readonly batcher: Batcher;
  readonly metrics: Metrics;
  readonly submit: (bytes: Uint8Array<ArrayBuffer>, limits?: Limits) => Promise<number[]>;
}

interface Limits {
  signal?: AbortSignal;
  withinMs?: number;
}

const rigs: SessionPool[] = [];

/** A batcher over real session workers with a tiny model; `submit` resolves with the mean of each colour. */
async function rig(name: TinyModelName, changes: Partial<BatcherOptions> = {}): Promise<Rig> {
  const model = readModelPackage(tinyPackage(name));
  const metrics = new Metrics();
  const pool = new SessionPool({
    entry: path.join(dist, "sessionWorker.js"),
    instances: 1,
    logger: createLogger("silent"),
    onIdle: () => batcher.pump(),
    onRestart: () => metrics.countRestart(),
    check: () => undefined,
    plan: onnxPlan(model, changes.maxBatchSize),
  });
  const batcher = new Batcher(pool, { ...options, ...changes }, metrics);
  rigs.push(pool);
  await pool.start();
  return {
    pool,
    batcher,
    metrics,
    submit: async (bytes, { signal = new AbortController().signal, withinMs = 60_000 } = {}) => {
      const header = readImageHeader(bytes, 1e7);
      const deadline = performance.now() + withinMs;
      const { outputs } = await batcher.submit({ bytes, header }, { signal, deadline });
      return Array.from(outputs[0]?.data as Float32Array);
    },
  };
}

const nearly = (found: number[], expected: number[]) =>
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - (expected[i] as number)) < 1.5, found.join(" ")),
  );

describe("inference/batcher", () => {
  afterEach(() => Promise.all(rigs.splice(0).map((pool) => pool.close())));

  for (const name of ["mean-colour", "nhwc", "uint8"] as const) {
    it(`gives the model ${name} the colours of the picture`, async () => {
      const { submit } = await rig(name);
      nearly(await submit(plainJpeg([200, 100, 50])), [200, 100, 50]);
    });
  }

  it("runs what waits in one batch and gives each caller its own answer", async () => {
    const { submit, metrics } = await rig("slow", { maxBatchSize: 4 });
    const first = submit(plainJpeg([1, 2, 3]));
    const colours = [
      [200, 0, 0],
      [0, 200, 0],
      [0, 0, 200],
    ] as [number, number, number][];
    const answers = await Promise.all(colours.map((colour) => submit(plainJpeg(colour))));
    await first;
    answers.forEach((answer, i) => nearly(answer, colours[i] as number[]));
    const text = await metrics.registry.metrics();
    assert.match(text, /scoring_batch_size_bucket\{le="2"\} 1\n/);
    assert.match(text, /scoring_batch_size_sum 4\n/);
  });

  it("fails only the picture of a batch that cannot be decoded", async () => {
    const { submit } = await rig("slow", { maxBatchSize: 4 });
    const first = submit(plainJpeg([1, 2, 3]));
    const bad = submit(sample("cat.jpg").slice(0, 20_000));
    const good = submit(plainJpeg([9, 99, 199]));
    await assert.rejects(bad, { code: "IMAGE_TRUNCATED" });
    nearly(await good, [9, 99, 199]);
    await first;
  });

  it("waits for company when told to", async () => {
    const { submit, metrics } = await rig("mean-colour", {
      maxBatchSize: 2,
      // Longer than a test may take: a full batch does not wait.
      maxBatchDelayMs: 600_000,
    });
    await Promise.all([submit(plainJpeg([1, 1, 1])), submit(plainJpeg([2, 2, 2]))]);
    assert.match(
      await metrics.registry.metrics(),
      /scoring_batch_size_sum 2\nscoring_batch_size_count 1\n/,
    );
  });

  it("refuses what does not fit into the queue", async () => {
    const { submit } = await rig("slow", { maxQueueSize: 1 });
    const running = submit(plainJpeg([1, 1, 1]));
    const waiting = submit(plainJpeg([2, 2, 2]));
    await assert.rejects(submit(plainJpeg([3, 3, 3])), {
      code: "QUEUE_FULL",
      message: "Too many requests: 1 pictures are waiting already.",
    });
    await Promise.all([running, waiting]);
  });

  it("refuses what would wait with too many bytes, whatever their number", async () => {
    const picture = () => plainJpeg([1, 1, 1]);
    const size = picture().byteLength;
    const { submit } = await rig("slow", { maxQueueBytes: 2 * size });
    const served = [submit(picture()), submit(picture()), submit(picture())];
    await assert.rejects(submit(picture()), {
      code: "QUEUE_FULL",
      message: `Too many requests: pictures of ${2 * size} bytes are waiting already.`,
    });
    await Promise.all(served);
  });

  it("counts no bytes of what has left the queue", async () => {
    const picture = () => plainJpeg([1, 1, 1]);
    const size = picture().byteLength;
    const { submit } = await rig("slow", { maxQueueBytes: size });
    const running = submit(picture());
    const controller = new AbortController();
    const gone = submit(picture(), { signal: controller.signal });
    controller.abort();
    await assert.rejects(gone, { code: "CANCELLED" });
    const waiting = submit(picture());
    await running;
    const next = submit(picture());
    await assert.rejects(submit(picture()), {
      code: "QUEUE_FULL",
      message: `Too many requests: pictures of ${size} bytes are waiting already.`,
    });
    await Promise.all([waiting, next]);
  });

  it("refuses what has waited too long for a worker, but not what is being run", async () => {
    const { submit } = await rig("slow", { maxQueueWaitMs: 50 });
    const running = submit(plainJpeg([1, 1, 1]));
    await assert.rejects(submit(plainJpeg([2, 2, 2])), {
      code: "QUEUE_WAIT_EXCEEDED",
      message: "No session worker was free within 50 ms.",
    });
    nearly(await running, [1, 1, 1]);
  });

  it("answers when the deadline passes, even in the middle of a run", async () => {
    const { submit } = await rig("slow");
    const late = submit(plainJpeg([1, 1, 1]), { withinMs: 50 });
    let isNextAnswered = false;
    const next = submit(plainJpeg([2, 2, 2])).finally(() => (isNextAnswered = true));
    await assert.rejects(late, { code: "DEADLINE_EXCEEDED" });
    assert.equal(isNextAnswered, false);
    nearly(await next, [2, 2, 2]);
  });

  it("takes the picture of a caller who has gone out of the queue", async () => {
    const { submit, batcher } = await rig("slow");
    const running = submit(plainJpeg([1, 1, 1]));
    const controller = new AbortController();
    const waiting = submit(plainJpeg([2, 2, 2]), { signal: controller.signal });
    assert.equal(batcher.length, 1);
    controller.abort();
    await assert.rejects(waiting, { code: "CANCELLED" });
    assert.equal(batcher.length, 0);
    await running;
  });

  it("answers a picture whose run fails and goes on", async () => {
    const { submit } = await rig("fails");
    await assert.rejects(submit(plainJpeg([250, 250, 250])), {
      code: "MODEL_FAILED",
      message: "The model failed to run on this input.",
    });
    nearly(await submit(plainJpeg([10, 20, 30])), [10, 20, 30]);
  });

  it("replaces a worker that dies and answers its request", async () => {
    const { submit, pool, metrics } = await rig("mean-colour");
    const lost = submit(await largePng());
    // Ended before it has decoded: a thread that ends inside ONNX Runtime would take the process with it.
    await pool.threads[0]?.terminate();
    await assert.rejects(lost, {
      code: "WORKER_LOST",
      message: "The session worker died; send the request again.",
    });
    nearly(await submit(plainJpeg([4, 5, 6])), [4, 5, 6]);
    assert.match(await metrics.registry.metrics(), /scoring_session_worker_restarts_total 1\n/);
    assert.equal(pool.readyCount, 1);
  });

  it("keeps what waits for the worker that replaces a dead one", async () => {
    const { submit, pool } = await rig("mean-colour");
    const lost = assert.rejects(submit(await largePng()), { code: "WORKER_LOST" });
    const waiting = [1, 2, 3].map((red) => submit(plainJpeg([red, 5, 6]), { withinMs: 40_000 }));
    // Before the worker has begun: inside of ONNX Runtime it must not be ended.
    await pool.threads[0]?.terminate();
    await lost;
    (await Promise.all(waiting)).forEach((answer, i) => nearly(answer, [i + 1, 5, 6]));
  });

  it("refuses at once what could not be run in time, by what earlier runs took", async () => {
    const { submit } = await rig("mean-colour", { maxQueueWaitMs: 0 });
    await submit(plainJpeg([1, 1, 1]));
    const running = submit(plainJpeg([2, 2, 2]));
    await assert.rejects(submit(plainJpeg([3, 3, 3])), {
      code: "QUEUE_WAIT_EXCEEDED",
      message: "No session worker can be expected within 0 ms: 0 pictures are waiting already.",
    });
    nearly(await running, [2, 2, 2]);
  });

  it("lets a run finish before it ends the workers", async () => {
    const { submit, pool } = await rig("slow");
    const running = submit(plainJpeg([7, 8, 9]));
    await delay(20);
    await pool.close();
    nearly(await running, [7, 8, 9]);
  });

  it("says why ONNX Runtime refuses a file", async () => {
    const model = readModelPackage(tinyPackage("uint8"));
    const pool = new SessionPool({
      entry: path.join(dist, "sessionWorker.js"),
      instances: 2,
      logger: createLogger("silent"),
      check: () => undefined,
      onIdle: () => undefined,
      onRestart: () => undefined,
      plan: onnxPlan({ ...model, file: path.join(dist, "main.js") }),
    });
    rigs.push(pool);
    await assert.rejects(pool.start(), /main\.js failed:|Protobuf parsing failed/);
  });
});
