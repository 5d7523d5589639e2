import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { dist } from "../../support/paths";
import { largePng, plainJpeg, sample } from "../../support/pictures";
import { closeRigs, pipelineRig, type RigOptions } from "../../support/pipelineRig";
import { cpuPlan, tinyPackage, type TinyModelName } from "../../support/tinyModel";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";

const rig = (name: TinyModelName, options?: RigOptions) => pipelineRig(tinyPackage(name), options);

const nearly = (found: number[], expected: number[]) =>
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - (expected[i] as number)) < 1.5, found.join(" ")),
  );

describe("inference/pipeline on the CPU", () => {
  afterEach(closeRigs);

  for (const name of ["mean-colour", "nhwc", "uint8"] as const) {
    it(`gives the model ${name} the colours of the picture`, async () => {
      const { submit } = await rig(name);
      nearly(await submit(plainJpeg([200, 100, 50])), [200, 100, 50]);
    });
  }

  it("runs what waits in one batch and gives each caller its own answer", async () => {
    const { submit, metrics } = await rig("slow", { sizes: [1, 4] });
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
    const { submit } = await rig("slow", { sizes: [1, 4] });
    const first = submit(plainJpeg([1, 2, 3]));
    const bad = submit(sample("cat.jpg").slice(0, 20_000));
    const good = submit(plainJpeg([9, 99, 199]));
    await assert.rejects(bad, { code: "IMAGE_TRUNCATED" });
    nearly(await good, [9, 99, 199]);
    await first;
  });

  it("waits for company when told to", async () => {
    const { submit, metrics } = await rig("mean-colour", {
      sizes: [1, 2],
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
    const { submit, pipeline } = await rig("slow");
    const running = submit(plainJpeg([1, 1, 1]));
    const controller = new AbortController();
    const waiting = submit(plainJpeg([2, 2, 2]), { signal: controller.signal });
    assert.equal(pipeline.waiting, 1);
    controller.abort();
    await assert.rejects(waiting, { code: "CANCELLED" });
    assert.equal(pipeline.waiting, 0);
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

  it("replaces a lane that dies and answers its request", async () => {
    const { submit, pipeline, metrics } = await rig("mean-colour");
    const lost = submit(await largePng());
    await pipeline.threads.lanes.threads[0]?.terminate();
    await assert.rejects(lost, {
      code: "WORKER_LOST",
      message: "The thread that scored the picture died; send the request again.",
    });
    nearly(await submit(plainJpeg([4, 5, 6])), [4, 5, 6]);
    assert.match(await metrics.registry.metrics(), /scoring_thread_restarts_total 1\n/);
    assert.equal(pipeline.threads.lanes.ready.size, 1);
  });

  it("keeps what waits for the lane that replaces a dead one", async () => {
    const { submit, pipeline } = await rig("mean-colour");
    const lost = assert.rejects(submit(await largePng()), { code: "WORKER_LOST" });
    const waiting = [1, 2, 3].map((red) => submit(plainJpeg([red, 5, 6]), { withinMs: 40_000 }));
    await pipeline.threads.lanes.threads[0]?.terminate();
    await lost;
    (await Promise.all(waiting)).forEach((answer, i) => nearly(answer, [i + 1, 5, 6]));
  });

  it("refuses at once what could not be run in time, by what earlier runs took", async () => {
    const { submit } = await rig("slow", { maxQueueWaitMs: 0 });
    await submit(plainJpeg([1, 1, 1]));
    const running = submit(plainJpeg([2, 2, 2]));
    await assert.rejects(submit(plainJpeg([3, 3, 3])), {
      code: "QUEUE_WAIT_EXCEEDED",
      message: "No lane can be expected within 0 ms: 0 pictures are waiting already.",
    });
    nearly(await running, [2, 2, 2]);
  });

  it("lets a run finish before it ends the lanes", async () => {
    const { submit, pipeline } = await rig("slow");
    const running = submit(plainJpeg([7, 8, 9]));
    await delay(20);
    await pipeline.close();
    nearly(await running, [7, 8, 9]);
  });

  it("says why ONNX Runtime refuses a file", async () => {
    const folder = tinyPackage("uint8");
    const plan = cpuPlan({ ...readModelPackage(folder), file: path.join(dist, "main.js") }, 1);
    await assert.rejects(
      pipelineRig(folder, { plan, lanes: 2 }),
      /main\.js failed:|Protobuf parsing failed/,
    );
  });
});
