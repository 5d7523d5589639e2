import assert from "node:assert/strict";
import path from "node:path";
import type { ScoringError } from "../../../scoring-image/src/errors";
import { Batcher, type BatcherOptions } from "../../../scoring-image/src/inference/batcher";
import { Predictor } from "../../../scoring-image/src/inference/predictor";
import { SessionPool } from "../../../scoring-image/src/inference/sessionPool";
import { stackOutput } from "../../../scoring-image/src/inference/stackOutputs";
import { readModelPackage, type ModelOutput } from "../../../scoring-image/src/model/modelPackage";
import { createLogger } from "../../../scoring-image/src/telemetry/logger";
import { Metrics } from "../../../scoring-image/src/telemetry/metrics";
import { dist } from "../../support/paths";
import { plainJpeg, sample } from "../../support/pictures";
import { colourClassifier, onnxPlan, tinyPackage } from "../../support/tinyModel";

const pools: SessionPool[] = [];

const patient = () => ({
  signal: new AbortController().signal,
  deadline: performance.now() + 60_000,
});

async function rig(folder: string, options: Partial<BatcherOptions> & { instances?: number } = {}) {
  const model = readModelPackage(folder);
  const metrics = new Metrics();
  const pool = new SessionPool({
    entry: path.join(dist, "sessionWorker.js"),
    instances: options.instances ?? 1,
    logger: createLogger("silent"),
    onIdle: () => batcher.pump(),
    onRestart: () => undefined,
    check: () => undefined,
    plan: onnxPlan(model, options.maxBatchSize),
  });
  const limits = {
    maxBatchSize: 1,
    maxBatchDelayMs: 0,
    maxQueueSize: 10,
    maxQueueBytes: 1e9,
    maxQueueWaitMs: 30_000,
  };
  const batcher = new Batcher(pool, { ...limits, ...options }, metrics);
  pools.push(pool);
  await pool.start();
  const predictor = new Predictor(
    model,
    batcher,
    { maxPixels: 1e7, maxImagesPerRequest: 5 },
    () => undefined,
  );
  const batches = async () =>
    Number(/scoring_batch_size_count (\d+)/.exec(await metrics.registry.metrics())?.[1]);
  return { predictor, output: model.outputs[0] as ModelOutput, batches };
}

/** Rows of 8 x 8 pixels, each of one value a plane. */
const planes = (...colours: [number, number, number][]) =>
  Float32Array.from(colours.flatMap((c) => c.flatMap((v) => Array<number>(64).fill(v))));

describe("inference/predictor", () => {
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

  it("scores the pictures of one request in their order", async () => {
    const { predictor, output } = await rig(tinyPackage("mean-colour"), { instances: 2 });
    const colours = [1, 2, 3, 4, 5].map((i) => [40 * i, 0, 200 - 30 * i] as const);
    const inferences = await predictor.predictImages(
      colours.map((colour) => plainJpeg(colour)),
      patient(),
    );
    const { dims, data } = stackOutput(output, inferences);
    assert.deepEqual(dims, [5, 3]);
    colours.flat().forEach((value, i) => assert.ok(Math.abs(Number(data[i]) - value) < 2));
  });

  it("names the index of the first bad picture, whether its header or its scan is bad", async () => {
    const { predictor } = await rig(tinyPackage("mean-colour"));
    const good = () => plainJpeg([1, 2, 3]);
    const cut = sample("cat.jpg").slice(0, 20_000);
    await assert.rejects(
      predictor.predictImages([good(), new Uint8Array(3), good()], patient()),
      (error: ScoringError) =>
        error.code === "NOT_AN_IMAGE" && /^Picture at index 1 \(of 3\): /.test(error.message),
    );
    await assert.rejects(
      predictor.predictImages([good(), good(), cut], patient()),
      (error: ScoringError) =>
        error.code === "IMAGE_TRUNCATED" && /^Picture at index 2 \(of 3\): /.test(error.message),
    );
  });

  it("runs a decoded float32 tensor as it is, cut to the batch size", async () => {
    const { predictor, output, batches } = await rig(tinyPackage("mean-colour"), {
      maxBatchSize: 2,
    });
    const data = planes([1, 2, 3], [4, 5, 6], [-7, 8.5, 9], [10, 11, 12], [13, 14, 15]);
    const tensor = { dtype: "float32", dims: [5, 3, 8, 8], data };
    const inferences = await predictor.predictTensor(tensor, patient());
    assert.deepEqual(stackOutput(output, inferences), {
      name: "mean",
      dims: [5, 3],
      data: Float32Array.from([1, 2, 3, 4, 5, 6, -7, 8.5, 9, 10, 11, 12, 13, 14, 15]),
    });
    assert.equal(await batches(), 3);
  });

  it("copies a view, a Buffer included, and moves memory that holds nothing else", async () => {
    const { predictor } = await rig(tinyPackage("uint8"));
    const memory = Buffer.alloc(400, 9);
    const dims = [1, 8, 8, 3];
    await predictor.predictTensor(
      { dtype: "uint8", dims, data: memory.subarray(8, 200) },
      patient(),
    );
    assert.equal(memory[8], 9);
    const own = new Uint8Array(192);
    await predictor.predictTensor({ dtype: "uint8", dims, data: own }, patient());
    assert.equal(own.byteLength, 0);
  });

  it("rounds the numbers of a text to float32, row by row, and takes whole ones alone for uint8", async () => {
    const { predictor, output } = await rig(tinyPackage("mean-colour"));
    const data = Float64Array.from(planes([0.1, 2, 3], [4, 5, 6]));
    const inferences = await predictor.predictTensor(
      { dtype: "float32", dims: [2, 3, 8, 8], data },
      patient(),
    );
    assert.deepEqual([...stackOutput(output, inferences).data].slice(1), [2, 3, 4, 5, 6]);
    const bytes = await rig(tinyPackage("uint8"));
    const tensor = (value: number) => ({
      ...{ dtype: "uint8", dims: [1, 8, 8, 3] },
      data: new Float64Array(192).fill(value),
    });
    const scored = await bytes.predictor.predictTensor(tensor(255), patient());
    assert.deepEqual([...stackOutput(bytes.output, scored).data], [255, 255, 255]);
    for (const value of [256, 0.5, -1, NaN]) {
      await assert.rejects(bytes.predictor.predictTensor(tensor(value), patient()), {
        code: "INVALID_REQUEST",
        message: `The input "image" holds ${value}, which is no whole number from 0 to 255; it must be uint8 [n,8,8,3].`,
      });
    }
  });

  it("gives logits as probabilities when told to", async () => {
    const { predictor, output } = await rig(colourClassifier("logits"));
    const tensor = { dtype: "float32", dims: [2, 3, 8, 8], data: planes([0, 1, 2], [5, 5, 5]) };
    const inferences = await predictor.predictTensor(tensor, patient());
    const third = Math.fround(1 / 3);
    const exps = [1, Math.E, Math.E ** 2];
    const sum = exps.reduce((a, b) => a + b);
    const expected = [...exps.map((e) => Math.fround(e / sum)), third, third, third];
    const { data } = stackOutput(output, inferences, true);
    expected.forEach((value, i) => assert.ok(Math.abs(Number(data[i]) - value) < 1e-7));
    assert.deepEqual([...stackOutput(output, inferences).data], [0, 1, 2, 5, 5, 5]);
  });

  const refused: [what: string, tensor: object, message: string][] = [
    [
      "another dtype",
      { dtype: "uint8", dims: [1, 3, 8, 8], data: new Uint8Array(192) },
      'The input "image" is uint8; it must be float32 [n,3,8,8].',
    ],
    [
      "another shape",
      { dtype: "float32", dims: [1, 8, 8, 3], data: new Float32Array(192) },
      'The input "image" has the shape [1,8,8,3]; it must be float32 [n,3,8,8].',
    ],
    [
      "a negative batch",
      { dtype: "float32", dims: [-1, 3, 8, 8], data: new Float32Array(192) },
      'The input "image" has the shape [-1,3,8,8]; it must be float32 [n,3,8,8].',
    ],
    [
      "fewer values than its shape",
      { dtype: "float32", dims: [2, 3, 8, 8], data: new Float32Array(192) },
      'The input "image" has 192 values for the shape [2,3,8,8]; it must be float32 [n,3,8,8].',
    ],
    [
      "no row",
      { dtype: "float32", dims: [0, 3, 8, 8], data: new Float32Array(0) },
      "The request holds 0 pictures; it must hold 1 to 5.",
    ],
    [
      "too many rows",
      { dtype: "float32", dims: [6, 3, 8, 8], data: new Float32Array(6 * 192) },
      "The request holds 6 pictures; it must hold 1 to 5.",
    ],
  ];
  it("refuses tensors that are not the model's input", async () => {
    const { predictor } = await rig(tinyPackage("mean-colour"));
    for (const [what, tensor, message] of refused) {
      const call = predictor.predictTensor(tensor as never, patient());
      await assert.rejects(call, { code: "INVALID_REQUEST", message }, what);
    }
  });

  it("takes all pictures of a request into the queue or none", async () => {
    const { predictor } = await rig(tinyPackage("slow"), { maxQueueSize: 2 });
    const four = [1, 2, 3, 4].map(() => plainJpeg([1, 2, 3]));
    await assert.rejects(predictor.predictImages(four, patient()), { code: "QUEUE_FULL" });
    assert.equal((await predictor.predictImages(four.slice(0, 3), patient())).length, 3);
  });

  it("does not count a request's own pictures as its wait for a worker", async () => {
    const { predictor } = await rig(tinyPackage("slow"), { maxQueueWaitMs: 20 });
    const pictures = [1, 2, 3].map(() => plainJpeg([1, 2, 3]));
    const first = predictor.predictImages(pictures, patient());
    await assert.rejects(predictor.predictImage(plainJpeg([1, 2, 3]), patient()), {
      code: "QUEUE_WAIT_EXCEEDED",
    });
    assert.equal((await first).length, 3);
  });

  it("drops what waits of a request whose caller has gone", async () => {
    const { predictor, batches } = await rig(tinyPackage("slow"));
    const before = await batches();
    const caller = new AbortController();
    const pictures = [1, 2, 3, 4].map(() => plainJpeg([1, 2, 3]));
    const call = predictor.predictImages(pictures, { ...patient(), signal: caller.signal });
    caller.abort();
    await assert.rejects(call, { code: "CANCELLED" });
    await predictor.predictImage(plainJpeg([1, 2, 3]), patient());
    assert.equal((await batches()) - (before || 0), 2);
  });
});
