import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fixtures, root, samples } from "../../support/paths";
import { plainJpeg, sample } from "../../support/pictures";
import { primaryKey, secondaryKey, startService, type RunningService } from "../../support/service";
import { colourClassifier } from "../../support/tinyModel";

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

  it("answers [[p0, p1, ...]] with the reference's headers, JSON whatever its label (trap 9)", async () => {
    const response = await running.post(sample("espresso.jpg"));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
    assert.equal(response.headers.get("x-ms-run-function-failed"), "False");
    assert.match(response.headers.get("x-ms-run-fn-exec-ms") ?? "", /^\d+\.\d{3}$/);
    const [row, ...others] = (await response.json()) as number[][];
    assert.deepEqual([row?.length, others], [1000, []]);
    const sum = (row ?? []).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `the probabilities add up to ${sum}`);
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
    it(`takes raw bytes under the Content-Type "${type}" (trap 8)`, async () => {
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
    await running.post(red);
    await running.post(red.slice(0, -20));
    const text = await (await fetch(`${running.metricsUrl}/metrics`)).text();
    assert.match(text, /scoring_requests_total\{protocol="azureml",code="OK"\} [1-9]/);
    assert.match(text, /scoring_requests_total\{protocol="azureml",code="IMAGE_TRUNCATED"\} [1-9]/);
    assert.match(text, /scoring_requests_in_flight 0\n/);
    assert.match(text, /scoring_lanes_ready 1\n/);
  });
});
