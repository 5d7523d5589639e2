import assert from "node:assert/strict";
import { EmulatedDevice, h200 } from "../../../scoring-image/bench/emulated/device";
import { plainJpeg, sample } from "../../support/pictures";
import { closeRigs, pipelineRig, type RigOptions } from "../../support/pipelineRig";
import { tinyPackage } from "../../support/tinyModel";
import { until } from "../../support/until";

const sizes = [1, 2, 4, 8] as const;

/**
 * What runs take in the warm-up, which has the ladder prefer one padded batch to two that are full. Were all as quick, a busy machine would
 * decide it.
 */
const costs = [
  [1, 40],
  [8, 5],
] as const;

/** A pipeline with decode threads over a device whose runs end when the test lets them. */
async function heldRig(changes: RigOptions = {}) {
  const device = new EmulatedDevice({ costs, shapeChangeMs: 0, isManual: true });
  const options = { sizes, device, decodeThreads: 2, maxQueueSize: 500, ...changes };
  const rig = await pipelineRig(tinyPackage("mean-colour"), options);
  /** Waits until a run is on the device and `waiting` pictures behind it are ready for the next. */
  const held = (waiting: number) =>
    until(() => device.waiting === 1 && rig.pipeline.ready === waiting);
  return { ...rig, device, held };
}

/** A picture whose row begins with this value, or one next to it. */
const tagged = (tag: number) => plainJpeg([tag, 0, 0]);

const near = (tags: readonly number[], wanted: readonly number[]) =>
  tags.length === wanted.length &&
  tags.every((tag, i) => Math.abs(tag - (wanted[i] as number)) <= 2);

describe("inference/pipeline on an emulated device", () => {
  afterEach(closeRigs);

  it("makes the next batch of what came while the device was busy, padded to a warmed size", async () => {
    const { submit, device, held, metric } = await heldRig();
    const first = submit(tagged(10));
    await held(0);
    const others = [20, 30, 40].map((tag) => submit(tagged(tag)));
    await held(3);
    device.release(2);
    const answers = await Promise.all([first, ...others]);
    answers.forEach(([red = 0], i) => assert.ok(Math.abs(red - 10 * (i + 1)) <= 2));
    assert.deepEqual(
      device.runs.map(({ size, tags }) => [size, tags.length]),
      [
        [1, 1],
        [4, 3],
      ],
    );
    assert.equal(await metric("scoring_batch_padding_rows_total"), 1);
  });

  it("runs in no size that was not warmed, whatever comes", async () => {
    const { submit, device } = await heldRig();
    device.release(1000);
    const bursts = [1, 3, 7, 2, 9, 5, 20];
    for (const burst of bursts) {
      await Promise.all(Array.from({ length: burst }, (_, i) => submit(tagged(10 * i))));
    }
    const ran = new Set(device.runs.map(({ size }) => size));
    assert.deepEqual(
      [...ran].filter((size) => !sizes.includes(size as never)),
      [],
    );
    const rows = device.runs.reduce((sum, { tags }) => sum + tags.length, 0);
    assert.equal(
      rows,
      bursts.reduce((sum, burst) => sum + burst),
    );
  });

  it("delays a single picture by at most one batch of a request with many", async () => {
    const { submit, submitAll, device, held } = await heldRig();
    const many = submitAll(Array.from({ length: 64 }, () => tagged(10)));
    await until(() => device.waiting === 1);
    await held(8);
    const single = submit(tagged(200));
    await held(9);
    device.release(2);
    const [red = 0] = await single;
    assert.ok(Math.abs(red - 200) <= 2);
    const ranAt = device.runs.findIndex(({ tags }) => tags.some((tag) => tag > 100));
    assert.equal(ranAt, 1);
    device.release(100);
    assert.equal((await many).length, 64);
  });

  it("gives one request with many pictures and others their turns, and answers in order", async () => {
    const { submitAll, device, held } = await heldRig();
    const blocker = submitAll([tagged(1)]);
    await held(0);
    const one = submitAll([11, 21, 31, 41, 51, 61, 71, 81, 91].map(tagged));
    const other = submitAll([111, 121, 131].map(tagged));
    await held(11);
    device.release(100);
    const reds = (rows: readonly number[][]) => rows.map(([red = 0]) => red);
    assert.ok(near(reds(await one), [11, 21, 31, 41, 51, 61, 71, 81, 91]));
    assert.ok(near(reds(await other), [111, 121, 131]));
    await blocker;
    const [, second] = device.runs;
    const fromOther = second?.tags.filter((tag) => tag > 100).length;
    assert.deepEqual([second?.size, fromOther], [8, 3]);
  });

  it("lets a bad picture fail before it reaches a batch", async () => {
    const { submit, device, held } = await heldRig();
    const first = submit(tagged(10));
    await held(0);
    const bad = submit(sample("cat.jpg").slice(0, 20_000));
    await assert.rejects(bad, { code: "IMAGE_TRUNCATED" });
    const good = submit(tagged(20));
    await held(1);
    device.release(2);
    await Promise.all([first, good]);
    assert.deepEqual(
      device.runs.map(({ tags }) => tags.length),
      [1, 1],
    );
  });

  it("drops pictures whose caller has gone, or whose time is up, at the next stage", async () => {
    const { submit, pipeline, device, held } = await heldRig();
    const first = submit(tagged(10));
    await held(0);
    const caller = new AbortController();
    const gone = submit(tagged(50), { signal: caller.signal });
    const late = submit(tagged(60), { withinMs: 300 });
    const stays = submit(tagged(20));
    caller.abort();
    await assert.rejects(gone, { code: "CANCELLED" });
    await assert.rejects(late, { code: "DEADLINE_EXCEEDED" });
    await held(1);
    assert.equal(pipeline.waiting, 1);
    device.release(2);
    await Promise.all([first, stays]);
    assert.ok(near(device.runs[1]?.tags ?? [], [20]));
  });

  it("refuses what has waited too long for a lane, but not what is being run", async () => {
    const { submit, device, held } = await heldRig({ maxQueueWaitMs: 400 });
    const running = submit(tagged(10));
    await held(0);
    await assert.rejects(submit(tagged(20)), {
      code: "QUEUE_WAIT_EXCEEDED",
      message: "No lane was free within 400 ms.",
    });
    device.release(1);
    assert.equal((await running).length, 3);
  });

  it("counts what is being decoded in the queue's bound", async () => {
    const { submit, device, held } = await heldRig({ maxQueueSize: 3 });
    const running = submit(tagged(10));
    await held(0);
    const waiting = [20, 30, 40].map((tag) => submit(tagged(tag)));
    await assert.rejects(submit(tagged(50)), {
      code: "QUEUE_FULL",
      message: "Too many requests: 3 pictures are waiting already.",
    });
    device.release(10);
    await Promise.all([running, ...waiting]);
  });

  it("runs tensors that clients send in one batch with pictures", async () => {
    const { submit, submitTensor, device, held } = await heldRig();
    const first = submit(tagged(10));
    await held(0);
    const data = new Float32Array(192).fill(77);
    const tensor = submitTensor({ dtype: "float32", dims: [1, 3, 8, 8], data });
    const picture = submit(tagged(20));
    await held(2);
    device.release(2);
    assert.deepEqual(await tensor, [[77, 77, 77]]);
    await Promise.all([first, picture]);
    assert.equal(device.runs[1]?.tags.length, 2);
  });

  it("decodes the pictures of a later request while the device is busy", async () => {
    const { submit, pipeline, device, held } = await heldRig();
    const first = submit(tagged(10));
    await held(0);
    const second = submit(sample("cat.jpg"));
    await held(1);
    assert.equal(pipeline.decoding, 0);
    device.release(2);
    await Promise.all([first, second]);
  });

  it("answers all of 300 callers at the costs of an H200, most of them in large batches", async () => {
    const device = new EmulatedDevice(h200);
    const options = { sizes: [1, 2, 4, 8, 16, 32, 64], device, decodeThreads: 2 } as const;
    const rig = await pipelineRig(tinyPackage("mean-colour"), { ...options, maxQueueSize: 512 });
    const tags = Array.from({ length: 300 }, (_, i) => i % 200);
    const answers = await Promise.all(tags.map((tag) => rig.submit(tagged(tag))));
    answers.forEach(([red = 0], i) => assert.ok(Math.abs(red - (tags[i] as number)) <= 2));
  });
});
