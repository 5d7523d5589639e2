import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { plainJpeg } from "../../support/pictures";
import { scriptedPackage } from "../../support/scriptedPackage";
import { startService, type RunningService } from "../../support/service";
import { until } from "../../support/until";

/** One script for all tests: what it does is named in the query. */
const script = `
let greeting;
export async function init(model) {
  greeting = model.name + " " + model.outputs.map(({ name }) => name).join();
}
const acts = {
  greet: () => ({ greeting }),
  best: async (request, model) => {
    const { probabilities } = await model.predict(await request.arrayBuffer());
    const values = [...probabilities.data];
    const index = values.indexOf(Math.max(...values));
    return { label: model.outputs[0].labels[index], dims: probabilities.dims };
  },
  tensor: async (_request, model) => {
    const data = new Float32Array(2 * 3 * 64).fill(0);
    data.fill(100, 3 * 64, 4 * 64);
    const { probabilities } = await model.predictTensor({ dims: [2, 3, 8, 8], data });
    return { dims: probabilities.dims, second: Array.from(probabilities.data.slice(3), Math.round) };
  },
  wrongTensor: (_request, model) => model.predictTensor({ dims: [1, 3, 4, 4], data: new Float32Array(48) }),
  own: () => new Response("no tea", {
    status: 418,
    headers: { "x-pot": "short and stout", "content-type": "text/x-tea", "x-request-id": "forged" },
  }),
  echo: async (request) => ({
    method: request.method,
    query: new URL(request.url).searchParams.get("q"),
    type: request.headers.get("content-type"),
    authorization: request.headers.get("authorization"),
    key: process.env.PRIMARY_KEY ?? null,
    body: await request.text(),
  }),
  bytes: () => Uint8Array.of(1, 2, 3),
  nothing: () => undefined,
  throws: () => { throw new Error("secret detail"); },
  hangs: () => { for (;;); },
  leaves: () => process.exit(3),
};
export const run = (request, model) => acts[new URL(request.url).searchParams.get("act")](request, model);
`;

describe("entry script", () => {
  let running: RunningService;
  afterEach(() => running.stop());

  const start = (env: Record<string, string> = {}) =>
    startService({ MODEL_DIR: scriptedPackage(script), ...env });
  const call = (act: string, body: BodyInit = "x", init: object = {}) =>
    running.post(body, { path: `/score?act=${act}`, ...init });

  it("answers with what run() returns", async () => {
    running = await start();
    const greeting = await call("greet");
    assert.deepEqual(await greeting.json(), { greeting: "mean-colour probabilities" });
    assert.equal(greeting.headers.get("content-type"), "application/json; charset=utf-8");
    assert.equal(greeting.headers.get("x-ms-run-function-failed"), "False");
    assert.match(greeting.headers.get("x-ms-run-fn-exec-ms") ?? "", /^\d+\.\d{3}$/);
    const bytes = await call("bytes");
    assert.deepEqual([...new Uint8Array(await bytes.arrayBuffer())], [1, 2, 3]);
    assert.equal(bytes.headers.get("content-type"), "application/octet-stream");
    assert.equal(await (await call("nothing")).json(), null);
  });

  it("passes on its own status and headers, but not those of the service", async () => {
    running = await start();
    const response = await call("own");
    assert.equal(response.status, 418);
    assert.equal(await response.text(), "no tea");
    assert.equal(response.headers.get("x-pot"), "short and stout");
    assert.equal(response.headers.get("content-type"), "text/x-tea");
    assert.notEqual(response.headers.get("x-request-id"), "forged");
    assert.equal(response.headers.get("x-ms-run-function-failed"), "False");
  });

  it("is given the request without the service's keys, also by GET", async () => {
    running = await start();
    const post = await call("echo&q=a%20b", "hello", { headers: { "content-type": "text/x" } });
    const given = { query: "a b", type: "text/x", authorization: null, key: null };
    assert.deepEqual(await post.json(), { method: "POST", ...given, body: "hello" });
    const get = await running.post(null, { path: "/score?act=echo", method: "GET" });
    assert.equal(((await get.json()) as { method: string }).method, "GET");
    const refused = await call("greet", "x", { headers: { authorization: "Bearer wrong" } });
    assert.equal(refused.status, 401);
  });

  it("runs the model on pictures and tensors", async () => {
    running = await start();
    const best = await call("best", plainJpeg([1, 250, 1]));
    assert.deepEqual(await best.json(), { label: "green", dims: [1, 3] });
    const tensor = await call("tensor");
    assert.deepEqual(await tensor.json(), { dims: [2, 3], second: [1, 0, 0] });
  });

  it("answers as the service would when the model refuses", async () => {
    running = await start();
    const noPicture = await call("best", "not a picture");
    assert.equal(noPicture.status, 400);
    assert.match(await noPicture.text(), /"code":"NOT_AN_IMAGE"/);
    assert.equal((await call("wrongTensor")).status, 400);
  });

  it("answers 502 when it throws, and tells nobody why", async () => {
    running = await start();
    const response = await call("throws");
    assert.equal(response.status, 502);
    assert.equal(response.headers.get("x-ms-run-function-failed"), "True");
    const text = await response.text();
    assert.match(text, /"code":"SCRIPT_FAILED"/);
    assert.doesNotMatch(text, /secret|\.mjs/);
    assert.equal((await call("greet")).status, 200);
  });

  it("ends a script that hangs and leaves the other requests alone", async () => {
    running = await start({ SCORING_TIMEOUT_MS: "3000", SCRIPT_THREADS: "2" });
    const hanging = call("hangs");
    await until(async () => (await running.metric("scoring_requests_in_flight")) === 1);
    assert.equal((await call("greet")).status, 200);
    const response = await hanging;
    assert.equal(response.status, 504);
    assert.match(await response.text(), /"code":"DEADLINE_EXCEEDED"/);
    assert.equal((await call("greet")).status, 200);
  });

  it("replaces a thread that ends itself", async () => {
    running = await start({ SCRIPT_THREADS: "1", MAX_QUEUE_WAIT_MS: "15000" });
    assert.equal((await call("leaves")).status, 502);
    assert.equal((await call("greet")).status, 200);
  });

  it("answers 503 when all threads are busy for too long", async () => {
    running = await start({
      SCRIPT_THREADS: "1",
      MAX_QUEUE_WAIT_MS: "100",
      SCORING_TIMEOUT_MS: "2000",
    });
    const hanging = call("hangs");
    let response = await call("greet");
    // Before the other has the thread.
    while (response.status === 200) response = await call("greet");
    assert.equal(response.status, 503);
    assert.match(await response.text(), /"code":"QUEUE_WAIT_EXCEEDED"/);
    assert.equal((await hanging).status, 504);
  });

  it("does not start with a script that cannot be used", async () => {
    running = await start();
    const refused = (text: string, message: RegExp) =>
      assert.rejects(startService({ MODEL_DIR: scriptedPackage(text) }), {
        name: "ModelPackageError",
        message,
      });
    await refused("export const init = () => 1;", /does not export the function run/);
    await refused(
      "export const run = () => 1; export function init() { throw new Error('no weather'); }",
      /score\.mjs cannot be started: no weather/,
    );
    const locked = scriptedPackage("export const run = () => 1;");
    const lock = { packages: { "": {}, "node_modules/x": {} } };
    writeFileSync(path.join(locked, "package-lock.json"), JSON.stringify(lock));
    await assert.rejects(startService({ MODEL_DIR: locked }), {
      message: /its dependencies are not installed: run "npm ci --omit=dev --ignore-scripts" in /,
    });
  });
});
