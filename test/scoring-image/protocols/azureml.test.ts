import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fixtures, root, samples } from "../../support/paths";
import { fixtureImage, plainJpeg, sample } from "../../support/pictures";
import { primaryKey, secondaryKey, startService, type RunningService } from "../../support/service";
import { colourClassifier, tinyPackage } from "../../support/tinyModel";

interface GoldenScore {
  readonly image: string;
  readonly top5: readonly [index: number, probability: number][];
}

const golden = JSON.parse(readFileSync(path.join(fixtures, "golden", "scores.json"), "utf8")) as {
  scores: GoldenScore[];
};

describe("protocols/azureml with the bundled model", () => {
  let running: RunningService;
  before(async () => (running = await startService({})));
  after(() => running.stop());

  it("answers [[p0, p1, ...]] with the reference's headers", async () => {
    const response = await running.post(sample("espresso.jpg"));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
    assert.equal(response.headers.get("x-ms-run-function-failed"), "False");
    assert.match(response.headers.get("x-ms-run-fn-exec-ms") ?? "", /^\d+\.\d{3}$/);
    const [row, ...others] = (await response.json()) as number[][];
    assert.deepEqual([row?.length, others], [1000, []]);
    const sum = (row ?? []).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, `the probabilities add up to ${sum}`);
  });

  for (const { image, top5 } of golden.scores) {
    it(`agrees with ONNX Runtime in Python after TensorFlow's imaging on ${image}`, async () => {
      const bytes = Uint8Array.from(readFileSync(path.join(root, image)));
      const response = await running.post(bytes, { path: "/score?top=5" });
      const [classes = []] = (await response.json()) as { index: number; probability: number }[][];
      // EXIF variants were decoded by Pillow, whose inverse DCT is another one.
      const tolerance = image.includes("exif") ? 0.02 : 0.0005;
      assert.equal(classes[0]?.index, top5[0]?.[0]);
      for (const [i, [, probability]] of top5.entries()) {
        const found = classes[i]?.probability ?? NaN;
        assert.ok(Math.abs(found - probability) < tolerance, `${i}: ${found} for ${probability}`);
      }
    });
  }

  const expected = JSON.parse(readFileSync(path.join(samples, "expected.json"), "utf8")) as Record<
    string,
    { accepted: number[] }
  >;
  for (const [file, { accepted }] of Object.entries(expected)) {
    it(`recognises ${file}`, async () => {
      const response = await running.post(sample(file), { path: "/score?top=1" });
      const [[best] = []] = (await response.json()) as { index: number }[][];
      assert.ok(accepted.includes(best?.index as number), `class ${best?.index}`);
    });
  }

  it("serves the front end's path as well", async () => {
    const at = "/api/v1/service/efficientnet-lite0/score?top=1";
    const response = await running.post(sample("valley.jpg"), { path: at });
    const [[best] = []] = (await response.json()) as { label: string }[][];
    assert.equal(best?.label, "valley, vale");
  });
});

describe("protocols/azureml", () => {
  let running: RunningService;
  const red = plainJpeg([250, 5, 5]);
  before(async () => {
    running = await startService({
      MODEL_DIR: colourClassifier("logits"),
      MAX_BODY_BYTES: "300000",
      MAX_PIXELS: "1000000",
      BODY_TIMEOUT_MS: "300",
      SERVICE_NAME: "colours",
    });
  });
  after(() => running.stop());

  for (const type of [
    "image/jpeg",
    "application/json",
    "application/x-www-form-urlencoded",
    "nonsense",
    "",
  ]) {
    it(`takes raw bytes under the Content-Type "${type}"`, async () => {
      const response = await running.post(red, {
        path: "/score?top=1",
        headers: { "content-type": type },
      });
      const [[best] = []] = (await response.json()) as { label: string }[][];
      assert.deepEqual([response.status, best?.label], [200, "red"]);
    });
  }

  it("takes a chunked body", async () => {
    const body = new Blob([red]).stream();
    const response = await running.post(body, { duplex: "half" } as RequestInit);
    assert.equal(response.status, 200);
  });

  it("answers GET as the reference's entry script did", async () => {
    const response = await fetch(`${running.url}/score`, {
      headers: { authorization: `Bearer ${primaryKey}` },
    });
    assert.deepEqual([response.status, await response.text()], [405, "GET is not supported"]);
    assert.equal(response.headers.get("allow"), "POST");
  });

  const refusals: [
    what: string,
    body: Uint8Array<ArrayBuffer> | string,
    init: object,
    status: number,
    code: string,
    message: RegExp,
  ][] = [
    [
      "an empty body",
      "",
      {},
      400,
      "NOT_AN_IMAGE",
      /^The body is empty; send the bytes of a JPEG or PNG\.$/,
    ],
    ["HTML", "<html></html>", {}, 400, "NOT_AN_IMAGE", /HTML/],
    [
      "JSON",
      '{"data": []}',
      { headers: { "content-type": "application/json" } },
      400,
      "NOT_AN_IMAGE",
      /JSON/,
    ],
    [
      "a header of 200 bytes",
      sample("cat.jpg").slice(0, 200),
      {},
      400,
      "IMAGE_TRUNCATED",
      /ends inside its header|cut off/,
    ],
    [
      "a truncated JPEG",
      sample("cat.jpg").slice(0, 20_000),
      {},
      400,
      "IMAGE_TRUNCATED",
      /cut off before its end/,
    ],
    [
      "a corrupt scan",
      sample("cat.jpg").fill(0xff, 15_000, 15_200),
      {},
      400,
      "IMAGE_CORRUPT",
      /picture data is corrupt/,
    ],
    [
      "too many pixels",
      plainJpeg([0, 0, 0], 1001, 1000),
      {},
      400,
      "IMAGE_TOO_LARGE",
      /1001 x 1000 pixels; this service takes at most 1000000/,
    ],
    [
      "a body over the bound",
      new Uint8Array(300_001),
      {},
      413,
      "BODY_TOO_LARGE",
      /larger than 300000 bytes/,
    ],
    [
      "WebP",
      fixtureImage("picture.webp"),
      {},
      415,
      "UNSUPPORTED_FORMAT",
      /WebP is not supported; send JPEG or PNG/,
    ],
    [
      "a multipart form",
      "--x--",
      { headers: { "content-type": "multipart/form-data; boundary=x" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      /raw bytes as the body \(curl --data-binary/,
    ],
    [
      "what curl -d sends",
      sample("cat.jpg").filter((byte) => byte !== 10),
      { headers: { "content-type": "application/x-www-form-urlencoded" } },
      400,
      "IMAGE_CORRUPT",
      /use --data-binary instead of -d/,
    ],
    [
      "no key",
      red,
      { headers: { authorization: "" } },
      401,
      "UNAUTHENTICATED",
      /Authorization: Bearer KEY/,
    ],
    [
      "a wrong key",
      red,
      { headers: { authorization: "Bearer wrong" } },
      401,
      "UNAUTHENTICATED",
      /The key is not valid/,
    ],
    [
      "a wrong key before the method",
      "",
      { method: "PUT", headers: { authorization: "Bearer wrong" } },
      401,
      "UNAUTHENTICATED",
      /not valid/,
    ],
    [
      "another method",
      "",
      { method: "PUT" },
      405,
      "METHOD_NOT_ALLOWED",
      /PUT is not supported; use POST/,
    ],
    ["an unknown path", red, { path: "/scores" }, 404, "NOT_FOUND", /nothing at POST \/scores\./],
    [
      "another service's path",
      red,
      { path: "/api/v1/service/other/score" },
      404,
      "NOT_FOUND",
      /nothing at/,
    ],
    [
      "a path that is no URL",
      red,
      { path: "/%zz" },
      400,
      "INVALID_REQUEST",
      /path is not a valid URL/,
    ],
    [
      "a top that is no number",
      red,
      { path: "/score?top=all" },
      400,
      "INVALID_REQUEST",
      /top is "all"; it must be 1 to 1000/,
    ],
    ["a top of nothing", red, { path: "/score?top=0" }, 400, "INVALID_REQUEST", /top is "0"/],
    [
      "a request id of 101 characters",
      red,
      { headers: { "x-request-id": "x".repeat(101) } },
      431,
      "HEADER_TOO_LARGE",
      /x-request-id is longer than 100/,
    ],
  ];
  for (const [what, body, init, status, code, message] of refusals) {
    it(`answers ${status} ${code} to ${what}`, async () => {
      const response = await running.post(body, init);
      const answer = (await response.json()) as { error: Record<string, string> };
      assert.equal(response.status, status);
      assert.deepEqual(Object.keys(answer.error), ["code", "message", "requestId"]);
      assert.equal(answer.error["code"], code);
      assert.match(answer.error["message"] ?? "", message);
      const id = response.headers.get("x-request-id");
      if (id !== null) assert.equal(answer.error["requestId"], id);
    });
  }

  it("answers 408 to a body that does not arrive in time", async () => {
    const slow = new ReadableStream({
      start: (controller) => controller.enqueue(red.slice(0, 10)),
    });
    const response = await running.post(slow, { duplex: "half" } as RequestInit);
    const { error } = (await response.json()) as { error: { code: string } };
    assert.deepEqual([response.status, error.code], [408, "BODY_TIMEOUT"]);
  });

  it("answers 413 to a chunked body over the bound", async () => {
    const body = new Blob([new Uint8Array(400_000)]).stream();
    const response = await running.post(body, { duplex: "half" } as RequestInit);
    assert.equal(response.status, 413);
  });

  it("goes on serving the connection after a refusal", async () => {
    assert.equal((await running.post(new Uint8Array(300_001))).status, 413);
    assert.equal((await running.post(red)).status, 200);
  });

  it("takes the second key", async () => {
    const response = await running.post(red, {
      headers: { authorization: `bearer ${secondaryKey}` },
    });
    assert.equal(response.status, 200);
  });

  it("asks for a key the way HTTP wants it", async () => {
    const response = await running.post(red, { headers: { authorization: "" } });
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
  });

  it("returns the three request ids of the contract", async () => {
    const ids = async (sent: Record<string, string>) => {
      const { headers } = await running.post(red, { headers: sent });
      return ["x-request-id", "x-ms-client-request-id", "x-ms-request-id"].map((name) =>
        headers.get(name),
      );
    };
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const [own, none, copy] = await ids({});
    assert.match(own ?? "", uuid);
    assert.deepEqual([none, copy], [null, own]);
    assert.deepEqual(await ids({ "x-request-id": "a" }), ["a", null, "a"]);
    assert.deepEqual(await ids({ "x-request-id": "a", "x-ms-client-request-id": "b" }), [
      "a",
      "b",
      "b",
    ]);
    assert.deepEqual(
      await ids({ "x-request-id": "a", "x-ms-client-request-id": "b", "x-ms-request-id": "c" }),
      ["a", "b", "c"],
    );
  });

  it("sends no CORS headers unless told to", async () => {
    const response = await running.post(red, { headers: { origin: "https://example.org" } });
    assert.equal(response.headers.get("access-control-allow-origin"), null);
  });

  it("counts requests by outcome", async () => {
    const text = await (await fetch(`${running.metricsUrl}/metrics`)).text();
    assert.match(text, /scoring_requests_total\{protocol="azureml",code="OK"\} [1-9]/);
    assert.match(text, /scoring_requests_total\{protocol="azureml",code="IMAGE_CORRUPT"\} [1-9]/);
    assert.match(text, /scoring_requests_in_flight 0\n/);
    assert.match(text, /scoring_session_workers_ready 1\n/);
  });
});

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

  it("answers 502 with the reference's header when the model fails, and no detail", async () => {
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
    running = await startService({ MODEL_DIR: tinyPackage("slow"), MAX_QUEUE_SIZE: "0" });
    const first = running.post(plainJpeg([1, 1, 1]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const response = await running.post(plainJpeg([2, 2, 2]));
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
    assert.match(await response.text(), /"code":"QUEUE_FULL"/);
    const health = await fetch(running.url);
    assert.deepEqual([health.status, await health.text()], [200, "Healthy"]);
    assert.equal((await first).status, 200);
  });

  it("drops a picture whose client has gone", async () => {
    running = await startService({ MODEL_DIR: tinyPackage("slow") });
    const first = running.post(plainJpeg([1, 1, 1]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const controller = new AbortController();
    const second = running.post(plainJpeg([2, 2, 2]), { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(second, { name: "AbortError" });
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
      ...JSON.parse(readFileSync(path.join(tinyPackage("mean-colour"), "model.json"), "utf8")),
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
      startService({ MODEL_DIR: tinyPackage("fixed-batch"), MAX_BATCH_SIZE: "2" }),
      {
        message:
          "fixed-batch takes batches of exactly 1, but MAX_BATCH_SIZE is 2: set MAX_BATCH_SIZE=1",
      },
    );
  });
});
