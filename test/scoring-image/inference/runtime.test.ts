import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmulatedFpga, type FpgaOptions } from "../../support/emulatedFpga";
import { isReady, manifestAlone, programming, score } from "../../support/fpgaService";
import { GrpcTestClient, methodOf } from "../../support/grpcClient";
import { inferMethod } from "../../support/openInference";
import { plainJpeg } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";
import { temporaryFolder } from "../../support/temporaryFolder";
import { until } from "../../support/until";

const predict = methodOf(
  "tensorflow_serving.proto",
  "tensorflow.serving.PredictionService",
  "Predict",
);
const jpeg = plainJpeg([1, 2, 3]);
const bytesTensor = { name: "image", datatype: "BYTES", shape: [1] };

/** Path -> body of one picture, for every interface over HTTP. */
const restRequests = {
  "/score": jpeg,
  "/v1/models/mean-colour:predict": JSON.stringify({
    instances: [{ b64: Buffer.from(jpeg).toString("base64") }],
  }),
  "/v2/models/mean-colour/infer": JSON.stringify({
    inputs: [{ ...bytesTensor, data: [Buffer.from(jpeg).toString("base64")] }],
  }),
};

/** The same over gRPC. */
const grpcRequests = [
  [
    predict,
    {
      inputs: {
        image: {
          dtype: "DT_STRING",
          tensor_shape: { dim: [{ size: 1 }] },
          string_val: [jpeg],
        },
      },
    },
  ],
  [inferMethod, { inputs: [{ ...bytesTensor, contents: { bytes_contents: [jpeg] } }] }],
] as const;

/** Status and red, this to the nearest ten: JPEG is not exact. */
const outcomeOf = ({ status, body }: { status: number; body: unknown }) =>
  `${status} ${10 * Math.round((body as [[number, number, number]])[0][0] / 10)}`;

describe("inference/runtime", () => {
  let fpga: EmulatedFpga;
  let service: RunningService | undefined;

  /** Starts an FPGA and a service on it, which takes requests but may not be ready yet. */
  async function serve(env: Record<string, string> = {}, options: FpgaOptions = {}) {
    fpga = new EmulatedFpga(options);
    await fpga.start();
    const patient = { MODEL_DIR: manifestAlone(), MAX_QUEUE_WAIT_MS: "30000" };
    service = await startService(
      { ...patient, RUNTIME_ADDRESS: fpga.address, ...env },
      { isLoaded: false },
    );
    return service;
  }

  afterEach(async () => {
    fpga.die();
    await service?.stop();
    service = undefined;
  });

  it("scores by the runtime, without ONNX file or ONNX Runtime", async () => {
    const running = await serve();
    await running.loaded;
    const { status, body } = await score(running, [200, 100, 50]);
    assert.equal(status, 200);
    (body as [number[]])[0].forEach((value, i) =>
      assert.ok(Math.abs(value - ([200, 100, 50][i] as number)) < 1.5, String(value)),
    );
    // The warm-up runs its one size three times.
    assert.equal(fpga.answered, 4);
    assert.equal(await running.metric("scoring_runtime_ready"), 1);
    assert.equal(await running.metric("scoring_runtime_losses_total"), 0);
  });

  it("says at once over every protocol that the accelerator is being programmed, and serves when it is", async () => {
    const running = await serve({}, { flashMs: Infinity });
    assert.equal((await fetch(running.url)).status, 200);
    assert.equal(await isReady(running), false);
    for (const [at, body] of Object.entries(restRequests)) {
      const response = await running.post(body, { path: at });
      assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"], at);
      assert.match(await response.text(), new RegExp(programming), at);
    }
    const client = new GrpcTestClient(running.grpcAddress);
    for (const [method, message] of grpcRequests) {
      await assert.rejects(client.call(method, message), { code: 14, details: programming });
    }
    assert.equal(await running.metric("scoring_runtime_ready"), 0);
    fpga.reprogram(0);
    await running.loaded;
    assert.equal(await isReady(running), true);
    for (const [at, body] of Object.entries(restRequests)) {
      assert.equal((await running.post(body, { path: at })).status, 200, at);
    }
    for (const [method, message] of grpcRequests) await client.call(method, message);
    client.close();
  });

  it("waits for a runtime that is not there yet", async () => {
    fpga = new EmulatedFpga();
    await fpga.start();
    fpga.die();
    service = await startService(
      { MODEL_DIR: manifestAlone(), RUNTIME_ADDRESS: fpga.address },
      { isLoaded: false },
    );
    assert.equal((await score(service, [1, 2, 3])).status, 503);
    await fpga.start();
    await service.loaded;
    assert.equal((await score(service, [1, 2, 3])).status, 200);
  });

  it("gives an FPGA one request at a time", async () => {
    const running = await serve();
    await running.loaded;
    fpga.runMs = 20;
    const answers = await Promise.all(
      [10, 20, 30, 40, 50].map((red) => score(running, [red, 0, 0])),
    );
    assert.deepEqual(answers.map(outcomeOf), ["200 10", "200 20", "200 30", "200 40", "200 50"]);
    assert.equal(fpga.overlapping, 0);
  });

  it("answers all that it has accepted when the runtime restarts in the middle", async () => {
    const running = await serve({}, { flashMs: 500 });
    await running.loaded;
    fpga.runMs = 200;
    const before = fpga.answered;
    const answers = [10, 20, 30, 40].map((red) => score(running, [red, 0, 0]));
    await until(() => fpga.answered > before);
    fpga.die();
    await until(async () => !(await isReady(running)));
    assert.equal((await score(running, [9, 9, 9])).status, 503);
    await fpga.start();
    const outcomes = (await Promise.all(answers)).map(outcomeOf);
    assert.deepEqual(outcomes, ["200 10", "200 20", "200 30", "200 40"]);
    await until(() => isReady(running));
    assert.equal(await running.metric("scoring_runtime_losses_total"), 1);
    assert.equal(fpga.overlapping, 0);
  });

  it("answers 503 to what it has accepted when the runtime stays away for longer than the queue may wait", async () => {
    const running = await serve({ MAX_QUEUE_WAIT_MS: "300" });
    await running.loaded;
    fpga.runMs = 3000;
    const before = fpga.timesLeft.length;
    const answers = [score(running, [1, 2, 3]), score(running, [4, 5, 6])];
    await until(() => fpga.timesLeft.length > before);
    fpga.die();
    for (const { status, retryAfter, body } of await Promise.all(answers)) {
      assert.deepEqual([status, retryAfter], [503, "1"], JSON.stringify(body));
    }
    await fpga.start();
    await until(() => isReady(running));
    assert.equal((await score(running, [7, 8, 9])).status, 200);
  });

  it("tells the runtime how long the caller waits, and that he has gone", async () => {
    const running = await serve({ SCORING_TIMEOUT_MS: "7000" });
    await running.loaded;
    fpga.runMs = 2000;
    const before = fpga.timesLeft.length;
    const controller = new AbortController();
    const gone = score(running, [1, 2, 3], { signal: controller.signal });
    gone.catch(() => undefined);
    await until(() => fpga.timesLeft.length === before + 1);
    const left = fpga.timesLeft.at(-1) as number;
    assert.ok(left > 3000 && left <= 7000, `${left} ms`);
    controller.abort();
    await until(() => fpga.cancelled === 1);
    // The FPGA is still at it: the next request has to come again until it is free.
    const { status } = await score(running, [1, 2, 3]);
    assert.equal(status, 200);
    assert.ok(fpga.overlapping >= 1);
  });

  it("gives up at the deadline and serves the next", async () => {
    const running = await serve({ SCORING_TIMEOUT_MS: "1500" });
    await running.loaded;
    fpga.hang();
    const { status, body } = await score(running, [1, 2, 3]);
    assert.equal(status, 504);
    assert.equal((body as { error: { code: string } }).error.code, "DEADLINE_EXCEEDED");
    fpga.wake();
    assert.equal((await score(running, [1, 2, 3])).status, 200);
  });

  it("does not serve another model after a restart", async () => {
    const running = await serve();
    await running.loaded;
    fpga.die();
    const { address } = fpga;
    const shape = [-1, 3, 16, 16];
    const input = { name: "image", datatype: "FP32", shape };
    const other = new EmulatedFpga({ address, input });
    await other.start();
    // Without a look at the time in between, too: the metadata alone tell them apart.
    await until(async () => !(await isReady(running)));
    await delay(1500);
    assert.equal(await isReady(running), false);
    assert.equal((await score(running, [1, 2, 3])).status, 503);
    other.die();
    await fpga.start();
    await until(() => isReady(running));
  });

  it("finds the tensors that the runtime calls by an alias, over a Unix socket", async () => {
    const folder = manifestAlone((manifest) => {
      Object.assign(manifest.inputs[0] as object, { aliases: ["Placeholder:0"] });
      Object.assign(manifest.outputs[0] as object, { aliases: ["pool:0"] });
    });
    const running = await serve(
      { MODEL_DIR: folder, RUNTIME_MODEL: "accel" },
      {
        address: `unix:${path.join(temporaryFolder("socket"), "runtime.sock")}`,
        input: { name: "Placeholder:0", datatype: "FP32", shape: [-1, 3, 8, 8] },
        outputs: [{ name: "pool:0", datatype: "FP32", shape: [-1, 3] }],
      },
    );
    await running.loaded;
    assert.equal((await score(running, [1, 2, 3])).status, 200);
  });

  it("refuses a runtime whose model is another, naming both sides", async () => {
    const running = await serve(
      {},
      {
        input: { name: "image", datatype: "UINT8", shape: [-1, 8, 8, 3] },
        outputs: [{ name: "scores", datatype: "FP32", shape: [-1, 10] }],
      },
    );
    await assert.rejects(running.loaded, {
      name: "ModelPackageError",
      message:
        `the model "mean-colour" of the runtime at ${fpga.address} disagrees with model.json: ` +
        'model.json says input "image" is float32 [N,3,8,8], the runtime says uint8 [?,8,8,3]; ' +
        'model.json names the output "mean", the runtime has "scores"',
    });
  });
});
