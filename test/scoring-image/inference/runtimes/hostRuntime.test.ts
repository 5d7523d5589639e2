import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { decodeImage } from "../../../../scoring-image/src/imaging/decode";
import { readImageHeader } from "../../../../scoring-image/src/imaging/header";
import { Resampler } from "../../../../scoring-image/src/imaging/resampler";
import { onnxModel } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/onnxModel";
import {
  elementTypes,
  type ElementType,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/native/elements";
import { openLane } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/laneRuntime";
import { openModel } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/openedModel";
import { readModelPackage } from "../../../../scoring-image/src/model/modelPackage";
import { cpuPlan, planOf, runRows, smallRows, withLane } from "../../../support/lanes";
import type { LaneAnswer } from "../../../support/laneWorker";
import { bundledModel, fixtures, root } from "../../../support/paths";
import { temporaryFolder } from "../../../support/temporaryFolder";
import { boxDetector, tinyPackage } from "../../../support/tinyModel";

const bundled = readModelPackage(bundledModel);
const tiny = (name: Parameters<typeof tinyPackage>[0]) => readModelPackage(tinyPackage(name));
const filled = (value: number) => new Float32Array(192).fill(value);

/** Rows of the bundled model's input that differ in every value. */
const noise = (count: number) =>
  Array.from({ length: count }, (_, row) =>
    Float32Array.from({ length: 150_528 }, (_, i) => Math.sin(i * (row + 1)) / 2),
  );

/** The bytes of outputs, for a comparison bit by bit that prints no thousands of numbers. */
const bitsOf = (outputs: readonly { data: ArrayBufferView }[] | undefined) =>
  (outputs ?? []).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
  );

describe("inference/runtimes/onnxRuntime on the CPU", () => {
  it("computes the logits that ONNX Runtime computes from Python", async () => {
    const { logitIndices, scores } = JSON.parse(
      readFileSync(path.join(fixtures, "golden/scores.json"), "utf8"),
    ) as { logitIndices: number[]; scores: { image: string; logits: number[] }[] };
    const { transform } = bundled.input;
    for (const { image, logits } of scores.filter(({ image }) => image.startsWith("samples/"))) {
      const file = readFileSync(path.join(root, image));
      const pixels = await decodeImage(file, readImageHeader(file, 1e7));
      const row = new Resampler(transform).resample(pixels);
      await withLane(cpuPlan(bundled, [1]), (runtime) => {
        const [outputs] = runRows(runtime, [row]);
        const [found] = outputs ?? [];
        assert.deepEqual([found?.name, found?.dims], ["logits", [1, 1000]]);
        logitIndices.forEach((at, i) => {
          const off = Math.abs(Number(found?.data[at]) - (logits[i] as number));
          assert.ok(off < 0.02, `${image}: logit ${at} is ${off} off`);
        });
      });
    }
  });

  it("pads to the next size, which changes no bit of a row", async () => {
    const rows = noise(4);
    const expected: string[][][] = [];
    for (const size of [2, 4]) {
      await withLane(cpuPlan(bundled, [size]), (runtime) => {
        expected[size] = runRows(runtime, [...rows].slice(0, size)).map(bitsOf);
      });
    }
    await withLane(cpuPlan(bundled, [1, 2, 4]), (runtime) => {
      runtime.warmUp();
      assert.deepEqual(runtime.sizes, [1, 2, 4]);
      for (const count of [3, 2, 4, 3]) {
        const found = runRows(runtime, rows.slice(0, count)).map(bitsOf);
        const wanted = expected[count === 2 ? 2 : 4]?.slice(0, count);
        assert.ok(JSON.stringify(found) === JSON.stringify(wanted), `${count} rows`);
      }
      const alone = rows.slice(0, 1);
      const before = runRows(runtime, alone).map(bitsOf);
      runRows(runtime, rows);
      assert.ok(JSON.stringify(runRows(runtime, alone).map(bitsOf)) === JSON.stringify(before));
      assert.throws(() => runRows(runtime, noise(5)), /5 rows are more than the largest size/);
    });
  });

  it("runs a row in shared memory", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(192 * 4)).fill(7);
    await withLane(cpuPlan(tiny("mean-colour"), [1, 2]), (runtime) => {
      assert.deepEqual([...(runRows(runtime, [shared])[0]?.[0]?.data ?? [])], [7, 7, 7]);
      const both = runRows(runtime, [filled(3), shared]);
      assert.deepEqual(
        both.map(([mean]) => [...(mean?.data ?? [])]),
        [
          [3, 3, 3],
          [7, 7, 7],
        ],
      );
    });
  });

  it("serves outputs whose shape a run decides, int64 too", async () => {
    const model = readModelPackage(boxDetector());
    await withLane(cpuPlan(model, [1]), (runtime) => {
      for (let i = 0; i < 3; i++) {
        const [outputs] = runRows(runtime, [filled(51)]);
        assert.deepEqual(
          outputs?.map(({ name, dims }) => [name, dims]),
          [
            ["bboxes", [1, 2, 4]],
            ["labels", [1, 2]],
            ["scores", [1, 2]],
          ],
        );
        assert.deepEqual(outputs?.[1]?.data, BigInt64Array.of(1n, 2n));
        assert.deepEqual(outputs?.[2]?.data, Float32Array.of(51 * Math.fround(1 / 255), 0.75));
      }
    });
  });

  it("serves outputs whose shape changes from run to run", async () => {
    await withLane(nonZeroPlan(), (runtime) => {
      for (const count of [192, 5, 0, 64]) {
        const row = new Float32Array(192).fill(1, 0, count);
        const [[places] = []] = runRows(runtime, [row]);
        assert.deepEqual(places?.dims, [1, 4, count]);
        // The last of the four coordinates is the column.
        const columns = Array.from({ length: count }, (_, i) => BigInt(i % 8));
        assert.deepEqual([...(places?.data ?? [])].slice(3 * count), columns);
      }
    });
  });

  it("serves every dtype", async () => {
    const expected = {
      ...{ float32: Float32Array.of(1.5), float64: Float64Array.of(1.5) },
      ...{ float16: Float32Array.of(1.5), int32: Int32Array.of(1), int64: BigInt64Array.of(1n) },
      ...{ uint8: Uint8Array.of(1), int8: Int8Array.of(1), bool: Uint8Array.of(1) },
    };
    const dtypes = Object.keys(expected) as (keyof typeof expected)[];
    const plan = castingPlan(dtypes);
    await withLane(plan, (runtime) => {
      const [outputs] = runRows(runtime, [filled(1.5)]);
      assert.deepEqual(
        outputs?.map(({ data }) => data.slice(0, 1)),
        dtypes.map((dtype) => expected[dtype]),
      );
    });
    await assert.rejects(
      withLane(castingPlan(["uint32"]), () => undefined),
      {
        message: "output uint32 is uint32, which is not served",
      },
    );
  });

  it("refuses rows of another dtype or length", async () => {
    await withLane(cpuPlan(tiny("mean-colour"), [1]), (runtime) => {
      assert.throws(
        () => runRows(runtime, [new Uint8Array(192)]),
        /a row holds 192 values of Uint8/,
      );
      assert.throws(() => runRows(runtime, [new Float32Array(10)]), /a row holds 10 values/);
      assert.throws(() => runRows(runtime, []), /a batch has no rows/);
    });
  });

  it("says why ONNX Runtime refuses a model, and what a run fails of", async () => {
    const missing = { ...cpuPlan(bundled, [1]), modelFile: "/nowhere/model.onnx" };
    await assert.rejects(openModel(missing), /\/nowhere\/model.onnx failed/);
    await withLane(cpuPlan(tiny("fails"), [1]), (runtime) => {
      runtime.warmUp();
      assert.throws(() => runRows(runtime, [filled(200)]), /Gather/);
      assert.deepEqual([...(runRows(runtime, [filled(2)])[0]?.[0]?.data ?? [])], [2, 2, 2]);
    });
  });

  it("runs nothing after it is closed", async () => {
    const model = await openModel(cpuPlan(tiny("mean-colour"), [1]));
    const [closed, open] = [openLane(model.addLane().handle), openLane(model.addLane().handle)];
    closed.close();
    assert.throws(() => runRows(closed, [filled(1)]), /the runtime is closed/);
    runRows(open, [filled(1)]);
    model.close();
    assert.throws(() => runRows(open, [filled(1)]), /the runtime is closed/);
  });
});

describe("inference/runtimes/onnxRuntime lanes", () => {
  const entry = path.join(root, "test/support/laneWorker.ts");

  async function openLanes(name: Parameters<typeof tinyPackage>[0], count: number) {
    const model = await openModel(cpuPlan(tiny(name), [1]));
    const lanes = Array.from({ length: count }, () => model.addLane());
    const workers = lanes.map(({ handle }) => new Worker(entry, { workerData: handle }));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    return { model, lanes, workers };
  }

  const answerOf = async (worker: Worker, row: Float32Array): Promise<LaneAnswer> => {
    worker.postMessage([row]);
    const [answer] = (await once(worker, "message")) as [LaneAnswer];
    return answer;
  };

  it("share one session, at the same time", async () => {
    const { model, lanes, workers } = await openLanes("mean-colour", 3);
    for (let round = 0; round < 10; round++) {
      const answers = workers.map((worker, i) => answerOf(worker, filled(8 * round + i)));
      const expected = workers.map((_, i) => ({
        values: Array(3).fill(8 * round + i) as number[],
      }));
      assert.deepEqual(await Promise.all(answers), expected);
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
    lanes.forEach((lane) => lane.threadEnded());
    model.close();
  });

  it("can be ended by the run, which leaves the next one alone", async () => {
    const { model, lanes, workers } = await openLanes("slow", 1);
    const [lane, worker] = [lanes[0], workers[0] as Worker];
    const answer = answerOf(worker, filled(1));
    const started = performance.now();
    while (!lane?.cancel(1)) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(await answer, { error: "CANCELLED" });
    const took = performance.now() - started;
    assert.equal(lane.cancel(1), false);
    const next = await answerOf(worker, filled(5));
    assert.ok("values" in next && Math.abs((next.values[0] as number) - 5) < 1e-3);
    assert.ok(took < 150, `took ${took} ms`);
    await worker.terminate();
    lane.threadEnded();
    model.close();
  });

  it("may end in the middle of a run", async () => {
    const { model, lanes, workers } = await openLanes("slow", 2);
    workers.forEach((worker) => worker.postMessage([filled(1)]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.throws(() => model.close(), /a run is in progress/);
    await Promise.all(workers.map((worker) => worker.terminate()));
    lanes.forEach((lane) => lane.threadEnded());
    model.close();
  });
});

/** A model that casts its input to each dtype. */
function castingPlan(dtypes: readonly ElementType[]) {
  const dims = ["N", 3, 8, 8];
  const modelFile = path.join(temporaryFolder("casts"), "model.onnx");
  const outputs = dtypes.map((dtype) => ({ name: dtype, dtype, dims }));
  const nodes = dtypes.map((dtype) => ({
    ...{ operator: "Cast", inputs: ["image"], output: dtype },
    attributes: { to: elementTypes[dtype] },
  }));
  const inputs = [{ name: "image", dtype: "float32", dims } as const];
  writeFileSync(modelFile, onnxModel({ nodes, constants: [], inputs, outputs }));
  return planOf({
    ...{ modelFile, sizes: [1], input: { name: "image" }, transform: smallRows },
    outputs: dtypes.map((name) => ({ name, shape: dims })),
  });
}

/** A model that answers with the places of its input's values that are not zero. */
function nonZeroPlan() {
  const modelFile = path.join(temporaryFolder("non-zero"), "model.onnx");
  const image = { name: "image", dtype: "float32", dims: [1, 3, 8, 8] } as const;
  const places = { name: "places", dtype: "int64", dims: [1, 4, "count"] } as const;
  const bytes = new Uint8Array(BigInt64Array.of(0n).buffer);
  const constants = [{ name: "first", dtype: "int64", dims: [1], bytes } as const];
  const nodes = [
    { operator: "NonZero", inputs: ["image"], output: "found" },
    { operator: "Unsqueeze", inputs: ["found", "first"], output: "places" },
  ];
  writeFileSync(modelFile, onnxModel({ nodes, constants, inputs: [image], outputs: [places] }));
  return planOf({
    ...{ modelFile, sizes: [1], input: { name: "image" }, transform: smallRows },
    outputs: [{ name: "places", shape: places.dims }],
  });
}
