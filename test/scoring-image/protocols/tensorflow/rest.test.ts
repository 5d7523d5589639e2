import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { plainJpeg, sample } from "../../../support/pictures";
import { startService, type RunningService } from "../../../support/service";
import { tinyManifest, tinyPackage } from "../../../support/tinyModel";

const base = "/v1/models/mean-colour";

function classifier(): string {
  const manifest = tinyManifest("mean-colour");
  const input = { ...manifest.inputs[0], aliases: ["images", "Placeholder:0"] };
  const output = {
    ...manifest.outputs[0],
    aliases: ["output_alias"],
    kind: "probabilities",
    labels: ["red", "green", "blue"],
  };
  return tinyPackage("mean-colour", { ...manifest, inputs: [input], outputs: [output] });
}

const b64 = (bytes: Uint8Array) => ({ b64: Buffer.from(bytes).toString("base64") });

/** One decoded picture [3, 8, 8] as nested lists. */
const picture = (...colour: (number | string)[]) =>
  colour.map((v) => Array.from({ length: 8 }, () => Array<number | string>(8).fill(v)));

describe("protocols/tensorflow REST", () => {
  let running: RunningService;
  const red = b64(plainJpeg([250, 5, 10]));
  const call = async (path: string, body: unknown, init: object = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await running.post(text, { path, ...init });
    return { status: response.status, text: await response.text(), response };
  };
  const answer = async (path: string, body: unknown) => {
    const { status, text } = await call(path, body);
    assert.equal(status, 200, text);
    return JSON.parse(text) as Record<string, number[][]>;
  };
  const get = async (path: string) => {
    const response = await running.post(null, { path, method: "GET" });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  const nearly = (found: number[] | undefined, ...expected: number[]) =>
    expected.forEach((value, i) =>
      assert.ok(Math.abs((found?.[i] as number) - value) < 1.5, String(found)),
    );

  before(async () => {
    running = await startService({ MODEL_DIR: classifier(), MAX_BODY_BYTES: "2000000" });
  });
  after(() => running.stop());

  it("answers the row form with predictions", async () => {
    for (const instances of [[red], [{ images: red }], [{ "Placeholder:0": red }]]) {
      const { predictions } = await answer(`${base}:predict`, { instances });
      assert.equal(predictions?.length, 1);
      nearly(predictions?.[0], 250, 5, 10);
    }
  });

  it("answers the column form with outputs", async () => {
    for (const inputs of [[red, red], { images: [red, red] }]) {
      const { outputs } = await answer(`${base}:predict`, { inputs });
      assert.equal(outputs?.length, 2);
      nearly(outputs?.[1], 250, 5, 10);
    }
    assert.equal((await answer(`${base}:predict`, { inputs: red }))["outputs"]?.length, 1);
  });

  it("takes decoded pictures, and writes whole floats with a point", async () => {
    const { text } = await call(`${base}:predict`, {
      instances: [picture(1, 2, 3), picture(4, 5.5, -6)],
    });
    assert.equal(text, '{"predictions":[[1.0,2.0,3.0],[4.0,5.5,-6.0]]}');
    const named = await call(`${base}:predict`, { inputs: { images: [picture(7, 8, 9)] } });
    assert.equal(named.text, '{"outputs":[[7.0,8.0,9.0]]}');
  });

  it("takes and gives NaN, Infinity and -Infinity", async () => {
    const body = JSON.stringify({ instances: [picture("NaN", "Infinity", "-Infinity")] });
    const { text } = await call(`${base}:predict`, body.replaceAll(/"(-?Infinity|NaN)"/g, "$1"));
    assert.equal(text, '{"predictions":[[NaN,Infinity,-Infinity]]}');
  });

  it("finds versions, labels and signatures, paths in any case", async () => {
    for (const path of [
      `${base}/versions/3:predict`,
      `${base}/labels/stable:predict`,
      "/V1/Models/mean%2Dcolour/Versions/3:Predict",
    ]) {
      await answer(path, { signature_name: "serving_default", instances: [red] });
    }
  });

  it("classifies", async () => {
    const results = async (...examples: object[]) => {
      const answered = await answer(`${base}:classify`, { examples });
      return answered["results"] as never as [label: string, score: number][][];
    };
    const [row] = await results({ images: red });
    assert.deepEqual(
      row?.map(([label]) => label),
      ["red", "blue", "green"],
    );
    assert.deepEqual((await results({ image: picture(1, 2, 3).flat(2) }))[0], [
      ["blue", 3],
      ["green", 2],
      ["red", 1],
    ]);
  });

  it("tells status and metadata", async () => {
    const status = {
      model_version_status: [
        { version: "3", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
      ],
    };
    for (const path of [base, `${base}/versions/3`, `${base}/labels/stable`]) {
      assert.deepEqual(await get(path), { status: 200, body: status });
    }
    const info = (name: string, dtype: string, ...sizes: string[]) => ({
      name,
      dtype,
      tensor_shape: { dim: sizes.map((size) => ({ size, name: "" })), unknown_rank: false },
    });
    assert.deepEqual(await get(`${base}/metadata`), {
      status: 200,
      body: {
        model_spec: { name: "mean-colour", signature_name: "", version: "3" },
        metadata: {
          signature_def: {
            "@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap",
            signature_def: {
              serving_default: {
                inputs: { images: info("image", "DT_STRING", "-1") },
                outputs: { output_alias: info("mean", "DT_FLOAT", "-1", "3") },
                method_name: "tensorflow/serving/predict",
              },
            },
          },
        },
      },
    });
  });

  it("takes gzip within the bound, and refuses what grows beyond it or is none", async () => {
    const gzip = { headers: { "content-encoding": "gzip" } };
    const sent = (body: Uint8Array) =>
      running.post(Uint8Array.from(body), { path: `${base}:predict`, ...gzip });
    assert.equal((await sent(gzipSync(JSON.stringify({ instances: [red] })))).status, 200);
    assert.equal((await sent(gzipSync(" ".repeat(3_000_000)))).status, 413);
    assert.equal((await sent(Buffer.from("not gzip"))).status, 400);
    const raw = await running.post(Uint8Array.from(gzipSync(sample("cat.jpg"))), gzip);
    assert.equal(raw.status, 200);
    const other = await running.post("x", { headers: { "content-encoding": "br" } });
    assert.equal(other.status, 415);
  });

  const refused: [path: string, body: unknown, status: number, error: RegExp][] = [
    [":predict", "{", 400, /^The body is not JSON: /],
    [":predict", "[1]", 400, /^The body must be a JSON object\.$/],
    [":predict", { instances: [red], inputs: [red] }, 400, /^Not more than one of/],
    [":predict", {}, 400, /^Missing 'inputs' or 'instances' key\.$/],
    [":predict", { instances: [] }, 400, /^'instances' must be a non-empty list\.$/],
    [
      ":predict",
      { signature_name: 100, instances: [red] },
      400,
      /^'signature_name' key must be a string/,
    ],
    [
      ":predict",
      { signature_name: "x", instances: [red] },
      400,
      /^Serving signature key "x" not found\.$/,
    ],
    [":predict", { instances: [{ x: red }] }, 400, /^There is no input "x"/],
    [
      ":predict",
      { instances: [{ images: red, x: red }] },
      400,
      /^input size does not match signature: 2!=1/,
    ],
    [":predict", { instances: ["x"] }, 400, /must be a list of pictures/],
    [":predict", { instances: [red, { b64: "AAAA" }] }, 400, /^Picture at index 1 \(of 2\): /],
    [":predict", { instances: [[1, 2], [3]] }, 400, /must be a list of pictures/],
    [":predict", { instances: [[1, 2]] }, 400, /has the shape \[1,2\]/],
    [":regress", { examples: [{ images: red }] }, 501, /^Regress needs/],
    [":classify", { examples: [{ images: red }, { images: [1] }] }, 400, /^Examples must all hold/],
    [":classify", { examples: [] }, 400, /^'examples' must be a non-empty list/],
    ["/versions/4:predict", { instances: [red] }, 404, /^Servable not found/],
    ["/labels/x:predict", { instances: [red] }, 400, /^Unrecognized servable version label: x$/],
    [":explain", {}, 400, /^Malformed request: POST \/v1\/models\/mean-colour:explain$/],
    ["", {}, 400, /^Malformed request: POST /],
  ];
  for (const [path, body, status, error] of refused) {
    it(`refuses ${path} ${JSON.stringify(body).slice(0, 50)}`, async () => {
      const found = await call(`${base}${path}`, body);
      assert.equal(found.status, status, found.text);
      const { error: text, ...rest } = JSON.parse(found.text) as { error: string };
      assert.match(text, error);
      assert.deepEqual(rest, {});
    });
  }

  it("answers without a key, in the form of this protocol", async () => {
    const found = await call(`${base}:predict`, {}, { headers: { authorization: "Bearer x" } });
    assert.equal(found.status, 401);
    assert.deepEqual(JSON.parse(found.text), { error: "The key is not valid." });
  });

  it("does not know another model", async () => {
    const found = await get("/v1/models/resnet");
    assert.deepEqual(found, {
      status: 404,
      body: { error: "Servable not found for request: Latest(resnet)" },
    });
  });
});
