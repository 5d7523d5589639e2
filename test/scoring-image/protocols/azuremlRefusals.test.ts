import assert from "node:assert/strict";
import { fixtureImage, plainJpeg, sample } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";
import { colourClassifier } from "../../support/tinyModel";

describe("protocols/azureml, refusals", () => {
  let running: RunningService;
  const red = plainJpeg([250, 5, 5]);
  before(async () => {
    running = await startService({
      MODEL_DIR: colourClassifier("logits"),
      MAX_BODY_BYTES: "300000",
      MAX_PIXELS: "1000000",
      BODY_TIMEOUT_MS: "1500",
      SERVICE_NAME: "colours",
    });
  });
  after(() => running.stop());

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
});
