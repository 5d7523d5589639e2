import assert from "node:assert/strict";
import type { ScoringError } from "../../../scoring-image/src/errors";
import { stackOutput } from "../../../scoring-image/src/inference/stackOutputs";
import { plainJpeg, sample } from "../../support/pictures";
import { closeRigs, pipelineRig as rig } from "../../support/pipelineRig";
import { colourClassifier, tinyPackage } from "../../support/tinyModel";

const gone = () => {
  const caller = new AbortController();
  return { caller, signal: caller.signal };
};

/** Rows of 8 x 8 pixels, each of one value a plane. */
const planes = (...colours: [number, number, number][]) =>
  Float32Array.from(colours.flatMap((c) => c.flatMap((v) => Array<number>(64).fill(v))));

describe("inference/predictor", () => {
  afterEach(closeRigs);

  it("scores the pictures of one request in their order", async () => {
    const { submitAll } = await rig(tinyPackage("mean-colour"), { lanes: 2 });
    const colours = [1, 2, 3, 4, 5].map((i) => [40 * i, 0, 200 - 30 * i] as const);
    const rows = await submitAll(colours.map((colour) => plainJpeg(colour)));
    assert.deepEqual(
      rows.map((row) => row.length),
      [3, 3, 3, 3, 3],
    );
    colours.flat().forEach((value, i) => assert.ok(Math.abs(rows.flat()[i] as number) - value < 2));
  });

  it("names the index of the first bad picture, whether its header or its scan is bad", async () => {
    const { submitAll } = await rig(tinyPackage("mean-colour"));
    const good = () => plainJpeg([1, 2, 3]);
    const cut = sample("cat.jpg").slice(0, 20_000);
    await assert.rejects(
      submitAll([good(), new Uint8Array(3), good()]),
      (error: ScoringError) =>
        error.code === "NOT_AN_IMAGE" && /^Picture at index 1 \(of 3\): /.test(error.message),
    );
    await assert.rejects(
      submitAll([good(), good(), cut]),
      (error: ScoringError) =>
        error.code === "IMAGE_TRUNCATED" && /^Picture at index 2 \(of 3\): /.test(error.message),
    );
  });

  it("reads a picture that arrives in pieces, its header cut between two of them", async () => {
    const { predictor } = await rig(tinyPackage("mean-colour"));
    const whole = sample("cat.jpg");
    const pieces = [whole.subarray(0, 3), whole.subarray(3, 20_000), whole.subarray(20_000)];
    const context = { signal: gone().signal, deadline: performance.now() + 60_000 };
    const form = { form: "azureml/scores", args: {} };
    const answers = [[whole], pieces].map((picture) =>
      predictor.predictPictures([picture], form, context),
    );
    const [one, other] = await Promise.all(answers);
    assert.deepEqual(one?.body, other?.body);
  });

  it("runs a decoded float32 tensor as it is, cut to the ladder's sizes", async () => {
    const { submitTensor, metric } = await rig(tinyPackage("mean-colour"), { sizes: [1, 2] });
    const data = planes([1, 2, 3], [4, 5, 6], [-7, 8.5, 9], [10, 11, 12], [13, 14, 15]);
    const rows = await submitTensor({ dtype: "float32", dims: [5, 3, 8, 8], data });
    assert.deepEqual(rows.flat(), [1, 2, 3, 4, 5, 6, -7, 8.5, 9, 10, 11, 12, 13, 14, 15]);
    assert.equal(await metric("scoring_batch_size_count"), 3);
  });

  it("leaves a caller's memory as it is, a view of a Buffer included", async () => {
    const { submitTensor } = await rig(tinyPackage("uint8"));
    const memory = Buffer.alloc(400, 9);
    const dims = [1, 8, 8, 3];
    const rows = await submitTensor({ dtype: "uint8", dims, data: memory.subarray(8, 200) });
    assert.deepEqual(rows, [[9, 9, 9]]);
    assert.deepEqual(memory, Buffer.alloc(400, 9));
  });

  it("rounds the numbers of a text to float32, row by row, and takes whole ones alone for uint8", async () => {
    const floats = await rig(tinyPackage("mean-colour"));
    const data = Float64Array.from(planes([0.1, 2, 3], [4, 5, 6]));
    const rows = await floats.submitTensor({ dtype: "float32", dims: [2, 3, 8, 8], data });
    assert.deepEqual(rows.flat().slice(1), [2, 3, 4, 5, 6]);
    const { submitTensor } = await rig(tinyPackage("uint8"));
    const tensor = (value: number) => ({
      ...{ dtype: "uint8", dims: [1, 8, 8, 3] },
      data: new Float64Array(192).fill(value),
    });
    assert.deepEqual(await submitTensor(tensor(255)), [[255, 255, 255]]);
    for (const value of [256, 0.5, -1, NaN]) {
      await assert.rejects(submitTensor(tensor(value)), {
        code: "INVALID_REQUEST",
        message: `The input "image" holds ${value}, which is no whole number from 0 to 255; it must be uint8 [n,8,8,3].`,
      });
    }
  });

  it("gives logits as probabilities when told to", async () => {
    const { model, submitTensor } = await rig(colourClassifier("logits"));
    const tensor = { dtype: "float32", dims: [2, 3, 8, 8], data: planes([0, 1, 2], [5, 5, 5]) };
    const rows = await submitTensor(tensor);
    assert.deepEqual(rows, [
      [0, 1, 2],
      [5, 5, 5],
    ]);
    const [output] = model.outputs;
    const pictures = rows.map((row) => ({
      outputs: [{ name: output?.name ?? "", dims: [1, 3], data: Float32Array.from(row) }],
    }));
    const third = Math.fround(1 / 3);
    const exps = [1, Math.E, Math.E ** 2];
    const sum = exps.reduce((a, b) => a + b);
    const expected = [...exps.map((e) => Math.fround(e / sum)), third, third, third];
    const { data } = stackOutput(output as never, pictures, true);
    assert.deepEqual([...data], expected);
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
      "The request holds 0 pictures; it must hold 1 to 64.",
    ],
    [
      "too many rows",
      { dtype: "float32", dims: [65, 3, 8, 8], data: new Float32Array(65 * 192) },
      "The request holds 65 pictures; it must hold 1 to 64.",
    ],
  ];
  it("refuses tensors that are not the model's input", async () => {
    const { submitTensor } = await rig(tinyPackage("mean-colour"));
    for (const [what, tensor, message] of refused) {
      const call = submitTensor(tensor as never);
      await assert.rejects(call, { code: "INVALID_REQUEST", message }, what);
    }
  });

  it("takes all pictures of a request into the queue or none", async () => {
    const { submitAll } = await rig(tinyPackage("slow"), { maxQueueSize: 2 });
    const four = [1, 2, 3, 4].map(() => plainJpeg([1, 2, 3]));
    await assert.rejects(submitAll(four), { code: "QUEUE_FULL" });
    assert.equal((await submitAll(four.slice(0, 3))).length, 3);
  });

  it("does not count a request's own pictures as its wait for a lane", async () => {
    const { submit, submitAll } = await rig(tinyPackage("slow"), { maxQueueWaitMs: 20 });
    const pictures = [1, 2, 3].map(() => plainJpeg([1, 2, 3]));
    const first = submitAll(pictures);
    await assert.rejects(submit(plainJpeg([1, 2, 3])), { code: "QUEUE_WAIT_EXCEEDED" });
    assert.equal((await first).length, 3);
  });

  it("drops what waits of a request whose caller has gone", async () => {
    const { submit, submitAll, metric } = await rig(tinyPackage("slow"));
    const { caller, signal } = gone();
    const call = submitAll(
      [1, 2, 3, 4].map(() => plainJpeg([1, 2, 3])),
      { signal },
    );
    caller.abort();
    await assert.rejects(call, { code: "CANCELLED" });
    await submit(plainJpeg([1, 2, 3]));
    assert.equal(await metric("scoring_batch_size_count"), 2);
  });
});
