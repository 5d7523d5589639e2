import assert from "node:assert/strict";
import { plainJpeg } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";
import { until } from "../../support/until";
import { colourClassifier, tinyManifest, tinyPackage } from "../../support/tinyModel";

describe("protocols/azureml, other models and settings", () => {
  let running: RunningService;
  afterEach(() => running.stop());

  it("answers features nested by their shape", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("mean-colour") });
    const response = await running.post(plainJpeg([200, 100, 50]));
    const [[r = 0, g = 0, b = 0] = []] = (await response.json()) as number[][];
    assert.deepEqual([Math.round(r), Math.round(g), Math.round(b)], [200, 100, 50]);
    assert.equal((await running.post(plainJpeg([1, 2, 3]), { path: "/score?top=1" })).status, 400);
  });

  it("answers 502 with the reference's header when the model fails, and no detail (trap 10)", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("fails") });
    const response = await running.post(plainJpeg([250, 250, 250]));
    const text = await response.text();
    assert.equal(response.status, 502);
    assert.equal(response.headers.get("x-ms-run-function-failed"), "True");
    assert.match(text, /"code":"MODEL_FAILED","message":"The model failed to run on this input\."/);
    assert.doesNotMatch(text, /Gather|node_modules|\.js/);
  });

  it("answers 504 past the deadline", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("slow"), SCORING_TIMEOUT_MS: "50" });
    const response = await running.post(plainJpeg([1, 1, 1]));
    assert.equal(response.status, 504);
    assert.match(await response.text(), /"code":"DEADLINE_EXCEEDED"/);
  });

  it("answers 503 with Retry-After when the queue is full, and stays healthy", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("slow"), MAX_QUEUE_SIZE: "1" });
    const first = running.post(plainJpeg([1, 1, 1]));
    await until(async () => (await running.metric("scoring_requests_in_flight")) === 1);
    const second = running.post(plainJpeg([3, 3, 3]));
    await until(async () => (await running.metric("scoring_queue_length")) === 1);
    const response = await running.post(plainJpeg([2, 2, 2]));
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
    assert.match(await response.text(), /"code":"QUEUE_FULL"/);
    const health = await fetch(running.url);
    assert.deepEqual([health.status, await health.text()], [200, "Healthy"]);
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });

  it("drops a picture whose client has gone", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("slow") });
    const first = running.post(plainJpeg([1, 1, 1]));
    await until(async () => (await running.metric("scoring_requests_in_flight")) === 1);
    const controller = new AbortController();
    const second = running.post(plainJpeg([2, 2, 2]), { signal: controller.signal });
    const refused = assert.rejects(second, { name: "AbortError" });
    await until(async () => (await running.metric("scoring_queue_length")) === 1);
    controller.abort();
    await refused;
    assert.equal((await first).status, 200);
    assert.equal(await running.metric("scoring_batch_size_count"), 1);
  });

  it("answers preflight requests of the origins it was told", async () => {
    running = await startService({
      MODEL_DIR: colourClassifier("logits"),
      CORS_ORIGINS: "https://a.example, https://b.example",
    });
    const ask = (origin: string) =>
      fetch(`${running.url}/score`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization",
        },
      });
    const allowed = await ask("https://b.example");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "https://b.example");
    assert.equal(allowed.headers.get("access-control-allow-headers"), "authorization");
    const refused = await ask("https://c.example");
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    const error = await running.post("", {
      headers: { origin: "https://a.example", authorization: "" },
    });
    assert.deepEqual(
      [error.status, error.headers.get("access-control-allow-origin")],
      [401, "https://a.example"],
    );
  });

  it("lets everybody score when it is open", async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits"), AUTH: "none" });
    const response = await fetch(`${running.url}/score`, {
      method: "POST",
      body: plainJpeg([1, 2, 250]),
    });
    assert.equal(response.status, 200);
  });

  it("refuses a model whose graph disagrees with model.json", async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits") });
    const wrong = tinyPackage("mean-colour", {
      ...tinyManifest("mean-colour"),
      outputs: [{ name: "mean", dtype: "float32", shape: ["N", 4], kind: "features" }],
    });
    await assert.rejects(startService({ MODEL_DIR: wrong }), {
      name: "ModelPackageError",
      message: /says output "mean" is float32 \[N,4\], the graph says float32 \[N,3\]/,
    });
  });

  it("refuses a batch size that the model does not take", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("fixed-batch") });
    assert.equal((await running.post(plainJpeg([1, 2, 3]))).status, 200);
    await assert.rejects(
      startService({ MODEL_DIR: tinyPackage("fixed-batch"), BATCH_SIZES: "2" }),
      {
        message: "fixed-batch takes batches of exactly 1, but BATCH_SIZES is 2: set BATCH_SIZES=1",
      },
    );
  });
});
