import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import {
  contiguous,
  placeRows,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/deviceInput";
import type { OnnxRuntimePlan } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/onnxRuntimePlan";
import { openModel } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/openedModel";
import {
  fallbackOf,
  hasFixedShapes,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/providerCheck";
import { providersOf } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/providerOptions";
import { Turn } from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/turn";
import {
  warmLadder,
  zeroRows,
} from "../../../../scoring-image/src/inference/runtimes/onnxRuntime/warmLadder";
import { readModelPackage } from "../../../../scoring-image/src/model/modelPackage";
import { cpuPlan, smallRows } from "../../../support/lanes";
import { bundledModel, fixtures } from "../../../support/paths";

const rows = { ...smallRows, layout: "NHWC", dtype: "uint8" } as const;
const plan: OnnxRuntimePlan = {
  ...{ kind: "onnxRuntime", modelFile: "/m/model.onnx", executionProvider: "cuda", threads: 1 },
  ...{ sizes: [1, 4, 8], areSizesExplicit: false, input: { name: "image" } },
  ...{ transform: smallRows, rows, outputs: [] },
};

/**
 * What ONNX Runtime 1.30 wrote of a run of the bundled model on the CPU, less the fields that are
 * not read.
 */
const profile = readFileSync(path.join(fixtures, "profiles/efficientnet-lite0-cpu.json"), "utf8");

type Event = { args?: { provider?: string; op_name?: string } };
const changed = (change: (args: { provider?: string; op_name?: string }) => object) =>
  JSON.stringify(
    (JSON.parse(profile) as Event[]).map((event) =>
      event.args?.provider ? { ...event, args: { ...event.args, ...change(event.args) } } : event,
    ),
  );
const ranOn = (provider: string) => changed(() => ({ provider }));

describe("inference/runtimes/onnxRuntime provider options", () => {
  it("are those of the CUDA provider", () => {
    const common = {
      ...{ device_id: "0", arena_extend_strategy: "kSameAsRequested", prefer_nhwc: "1" },
      ...{ cudnn_conv_algo_search: "HEURISTIC", use_tf32: "1" },
    };
    assert.deepEqual(providersOf(plan, 7n, true), [
      { provider: "CUDA", options: { ...common, enable_cuda_graph: "1" }, stream: 7n },
    ]);
    assert.deepEqual(providersOf({ ...plan, gpuMemoryLimit: 2e9 }, 7n, false)[0]?.options, {
      ...{ ...common, enable_cuda_graph: "0", gpu_mem_limit: "2000000000" },
    });
    assert.deepEqual(providersOf({ ...plan, executionProvider: "cpu" }, 7n, false), []);
  });

  it("give TensorRT the ladder and a folder for its engines, and CUDA what it leaves", () => {
    const tensorRt = { ...plan, executionProvider: "tensorrt", engineCacheFolder: "/e" } as const;
    const [first, second] = providersOf(tensorRt, 7n, false);
    assert.deepEqual(first, {
      provider: "TensorRT",
      options: {
        ...{ device_id: "0", trt_engine_cache_enable: "1", trt_engine_cache_path: "/e" },
        ...{ trt_timing_cache_enable: "1", trt_timing_cache_path: "/e" },
        trt_profile_min_shapes: "image:1x3x8x8",
        trt_profile_opt_shapes: "image:8x3x8x8",
        trt_profile_max_shapes: "image:8x3x8x8",
      },
      stream: 7n,
    });
    assert.equal(second?.provider, "CUDA");
    const homeless = { ...tensorRt, engineCacheFolder: undefined };
    assert.throws(() => providersOf(homeless, 7n, false), /TensorRT needs a folder/);
  });
});

describe("inference/runtimes/onnxRuntime provider check", () => {
  it("accepts a run on the provider that was asked for, TensorRT's remains on CUDA too", () => {
    assert.equal(fallbackOf(profile, "cpu"), undefined);
    assert.equal(fallbackOf(ranOn("CUDAExecutionProvider"), "cuda"), undefined);
    const mixed = changed(({ op_name }) => ({
      provider: `${op_name === "Conv" ? "Tensorrt" : "CUDA"}ExecutionProvider`,
    }));
    assert.equal(fallbackOf(mixed, "tensorrt"), undefined);
  });

  it("notices a run that was altogether somewhere else", () => {
    const nowhere = "none of its operators ran on";
    assert.equal(fallbackOf(profile, "cuda"), `${nowhere} cuda`);
    assert.equal(fallbackOf(ranOn("CUDAExecutionProvider"), "tensorrt"), `${nowhere} tensorrt`);
  });

  it("notices heavy operators that fell back, and lets light ones stay on the CPU", () => {
    const heavy = changed(({ op_name, provider }) => ({
      provider: op_name === "Conv" ? provider : "CUDAExecutionProvider",
    }));
    const message = "operators that cuda cannot run fell back to the CPU: Conv";
    assert.equal(fallbackOf(heavy, "cuda"), message);
    const light = changed(({ op_name = "", provider }) => ({
      provider: /Conv|Gemm|MatMul/.test(op_name) ? "CUDAExecutionProvider" : provider,
    }));
    assert.equal(fallbackOf(light, "cuda"), undefined);
  });

  it("knows operators whose shape depends on data", () => {
    assert.equal(hasFixedShapes(profile), true);
    assert.equal(hasFixedShapes(changed(() => ({ op_name: "NonMaxSuppression" }))), false);
  });
});

describe("inference/runtimes/onnxRuntime rows on their way to the device", () => {
  const pixels = new Uint8Array(192 * 4);
  const picture = (i: number) =>
    ({ data: pixels.subarray(192 * i, 192 * (i + 1)), from: "picture" }) as const;
  const tensor = { data: new Float32Array(192), from: "tensor" } as const;

  it("lie pictures first, and know their places", () => {
    const { converted, declared } = placeRows([tensor, picture(0), tensor, picture(2)], plan);
    assert.deepEqual(
      [converted, declared].map((placed) => placed.map(({ index }) => index)),
      [
        [1, 3],
        [0, 2],
      ],
    );
    const same = { ...plan, rows: plan.transform };
    const values = { data: tensor.data, from: "picture" } as const;
    assert.deepEqual(
      placeRows([values, tensor], same).declared.map(({ index }) => index),
      [0, 1],
    );
    assert.throws(() => placeRows([], plan), /a batch has no rows/);
    assert.throws(
      () => placeRows([{ ...picture(0), from: "tensor" }], plan),
      /192 values of Uint8/,
    );
  });

  it("are one copy where they lie next to each other", () => {
    const placed = [picture(0), picture(1), picture(3), picture(2)];
    const runs = contiguous(placed.map(({ data }, index) => ({ data, index })));
    assert.deepEqual(
      runs.map(({ first, bytes }) => [first.byteOffset, bytes]),
      [
        [0, 384],
        [576, 192],
        [384, 192],
      ],
    );
  });
});

describe("inference/runtimes/onnxRuntime ladder", () => {
  const failing = (from: number, message: string) => {
    const warmed: number[] = [];
    const warm = (size: number) => {
      warmed.push(size);
      if (size >= from) throw new Error(message);
    };
    return { warm, warmed };
  };
  const memory = "BFCArena: Available memory of 5 is smaller than requested bytes of 9";

  it("is warmed from the largest size down, three runs each", () => {
    const { warm, warmed } = failing(Infinity, "");
    assert.deepEqual(warmLadder(plan, [1, 4, 8], warm), [1, 4, 8]);
    assert.deepEqual(warmed, [8, 8, 8, 4, 4, 4, 1, 1, 1]);
  });

  it("ends at the largest size that fits, unless the sizes were asked for", () => {
    assert.deepEqual(warmLadder(plan, [1, 4, 8], failing(5, memory).warm), [1, 4]);
    const asked = { areSizesExplicit: true };
    const message = `batches of 8 do not fit into the GPU's memory: ${memory}`;
    assert.throws(() => warmLadder(asked, [1, 4, 8], failing(5, memory).warm), { message });
    assert.throws(
      () => warmLadder(plan, [1, 4], failing(1, memory).warm),
      /batches of 1 do not fit/,
    );
  });

  it("does not take another failure for a lack of memory", () => {
    assert.throws(
      () => warmLadder(plan, [1, 4], failing(4, "cuDNN failure").warm),
      /^Error: cuDNN/,
    );
  });

  it("is warmed with pictures and with tensors where these take different ways", () => {
    const kinds = (given: OnnxRuntimePlan) =>
      zeroRows(given, 2).map((batch) => batch.map(({ from, data }) => [from, data.constructor]));
    const tensors = [
      ["tensor", Float32Array],
      ["tensor", Float32Array],
    ];
    const pictures = [
      ["picture", Uint8Array],
      ["picture", Uint8Array],
    ];
    assert.deepEqual(kinds(plan), [pictures, tensors]);
    assert.deepEqual(kinds({ ...plan, rows: plan.transform }), [tensors]);
  });
});

describe("inference/runtimes/onnxRuntime turn", () => {
  it("waits for the lane that has it, and can be taken from a lane that has ended", async () => {
    const turn = new Turn();
    const order: string[] = [];
    assert.equal(
      turn.take(1, () => order.push("first")),
      1,
    );
    assert.throws(() => turn.take(1, () => assert.fail("in it")), /in it/);
    // A thread that takes the turn as lane 2 and ends without giving it back.
    const code = `
      const { workerData, parentPort } = require("node:worker_threads");
      Atomics.store(new Int32Array(workerData), 0, 2);
      parentPort.postMessage("taken");`;
    const worker = new Worker(code, { eval: true, workerData: turn.memory });
    await new Promise((resolve) => worker.once("exit", resolve));
    turn.abandon(1);
    assert.equal(new Int32Array(turn.memory)[0], 2);
    turn.abandon(2);
    turn.take(3, () => order.push("second"));
    assert.deepEqual(order, ["first", "second"]);
  });
});

describe("inference/runtimes/onnxRuntime without a GPU", () => {
  it("says what is missing", async () => {
    const model = cpuPlan(readModelPackage(bundledModel), [1]);
    const error: unknown = await openModel({ ...model, executionProvider: "cuda" }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    // On a machine with a GPU but without the CUDA provider, the probe fails instead.
    assert.match(String(error), /libcudart.so.13 cannot be loaded|cudaSetDevice|CUDA/);
  });

  it("refuses another format of pictures on the CPU", async () => {
    const model = cpuPlan(readModelPackage(bundledModel), [1]);
    const bytes = { ...model.rows, dtype: "uint8" } as const;
    await assert.rejects(
      openModel({ ...model, rows: bytes }),
      /pictures become the declared input/,
    );
  });
});
