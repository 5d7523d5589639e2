import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { plainJpeg } from "../../../support/pictures";
import { binaryAnswer, jsonLengths, recorded, withJson } from "../../../support/openInference";
import { authorization, startService, type RunningService } from "../../../support/service";
import { colourClassifier, tinyPackage } from "../../../support/tinyModel";

const means = [200, 100, 50, 10, 20, 30];
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("protocols/openInference over HTTP", () => {
  let running: RunningService;
  before(async () => (running = await startService({ MODEL_DIR: tinyPackage("mean-colour") })));
  after(() => running.stop());

  const path = "/v2/models/mean-colour/infer";
  const infer = (body: unknown, at = path) => running.post(JSON.stringify(body), { path: at });
  const get = async (at: string, headers: Record<string, string> = { authorization }) => {
    const response = await fetch(`${running.url}${at}`, { headers });
    return [response.status, await response.json()] as const;
  };
  /** One plane a colour, as the model takes it. */
  const input = (shape: number[], data: unknown) => ({
    inputs: [{ name: "image", shape, datatype: "FP32", data }],
  });
  const zeros = Array.from({ length: 192 }, () => 0);

  for (const name of ["bytes-binary", "fp32-binary", "fp32-json"]) {
    it(`answers what tritonclient sent: ${name}`, async () => {
      const headers = withJson(jsonLengths[name] as number);
      const response = await running.post(recorded(`${name}.http`), { path, headers });
      const { json, values } = await binaryAnswer(response);
      assert.deepEqual(json, {
        model_name: "mean-colour",
        model_version: "3",
        id: "recorded",
        outputs: [
          { name: "mean", datatype: "FP32", shape: [2, 3], parameters: { binary_data_size: 24 } },
        ],
      });
      assert.deepEqual(values, means);
    });
  }

  it("takes the bare picture when the JSON's length is 0", async () => {
    const response = await running.post(plainJpeg([80, 80, 80]), { path, headers: withJson(0) });
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(await response.json(), {
      model_name: "mean-colour",
      model_version: "3",
      outputs: [{ name: "mean", datatype: "FP32", shape: [1, 3], data: [80, 80, 80] }],
    });
  });

  it("takes pictures as base64 in JSON, and nested tensors", async () => {
    const data = [base64(plainJpeg([80, 80, 80])), { b64: base64(plainJpeg([60, 60, 60])) }];
    const inputs = [{ name: "image", shape: [2], datatype: "BYTES", data }];
    const both = (await (await infer({ inputs })).json()) as { outputs: { data: unknown }[] };
    assert.deepEqual(both.outputs[0]?.data, [80, 80, 80, 60, 60, 60]);
    const plane = (value: number) =>
      Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => value));
    const nested = input([1, 3, 8, 8], [[plane(1), plane(2), plane(3)]]);
    const answer = (await (await infer(nested)).json()) as { outputs: { data: unknown }[] };
    assert.deepEqual(answer.outputs[0]?.data, [1, 2, 3]);
  });

  it("reads large JSON, which is parsed in a thread of its own, and a body in gzip", async () => {
    const batch = 24;
    const data = Array.from({ length: batch * 192 }, (_, i) => (i % 192) + 0.125);
    const text = Buffer.from(JSON.stringify(input([batch, 3, 8, 8], data)));
    assert.ok(text.length > 32 * 1024);
    const means = Array.from({ length: batch }, () => [31.625, 95.625, 159.625]).flat();
    for (const [body, headers] of [
      [text, {}],
      [gzipSync(text), { "content-encoding": "gzip" }],
    ] as const) {
      const response = await running.post(body, { path, headers });
      const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
      assert.deepEqual(outputs[0]?.data, means);
    }
  });

  it("answers metadata with a key, live and ready without", async () => {
    const metadata = {
      name: "mean-colour",
      versions: ["3"],
      platform: "onnxruntime_onnx",
      inputs: [{ name: "image", datatype: "FP32", shape: [-1, 3, 8, 8] }],
      outputs: [{ name: "mean", datatype: "FP32", shape: [-1, 3] }],
    };
    assert.deepEqual(await get("/v2/models/mean-colour"), [200, metadata]);
    assert.deepEqual(await get("/v2/models/mean-colour/versions/3"), [200, metadata]);
    assert.deepEqual(await get("/v2"), [
      200,
      {
        name: "accelerated-scoring",
        version: "0.1.0",
        extensions: ["binary_tensor_data", "classification"],
      },
    ]);
    const ready = [200, { name: "mean-colour", ready: true }];
    assert.deepEqual(await get("/v2/models/mean-colour/ready", {}), ready);
    assert.deepEqual(await get("/v2/models/mean-colour/versions/3/ready", {}), ready);
    const missing = { error: "Send the header Authorization: Bearer KEY." };
    assert.deepEqual(await get("/v2/models/mean-colour", {}), [401, missing]);
  });

  it("does not know another model or version", async () => {
    for (const [at, what] of [
      ["/v2/models/other", "Latest(other)"],
      ["/v2/models/mean-colour/versions/4", "Specific(mean-colour, 4)"],
    ] as const) {
      const error = `Servable not found for request: ${what}`;
      assert.deepEqual(await get(at), [404, { error }]);
      assert.deepEqual(await get(`${at}/ready`), [404, { error }]);
      const response = await infer({ inputs: [] }, `${at}/infer`);
      assert.deepEqual([response.status, await response.json()], [404, { error }]);
    }
  });

  it("names the index of a bad picture", async () => {
    const data = [base64(plainJpeg([1, 1, 1])), base64(Buffer.from("no picture"))];
    const inputs = [{ name: "image", shape: [2], datatype: "BYTES", data }];
    const response = await infer({ inputs });
    const { error } = (await response.json()) as { error: string };
    assert.equal(response.status, 400);
    assert.match(error, /^Picture at index 1 \(of 2\): /);
  });

  const image = (changed: object) => ({
    inputs: [{ name: "image", shape: [1, 3, 8, 8], datatype: "FP32", data: zeros, ...changed }],
  });
  const refused: [what: string, body: unknown, error: string | RegExp][] = [
    ["no JSON", undefined, /^The body is not JSON: /],
    ["no inputs", {}, /^The field "inputs": /],
    ["no input", { inputs: [] }, "The request has 0 inputs; the model takes exactly one."],
    [
      "another input",
      image({ name: "x" }),
      'There is no input "x"; the model takes one, called image.',
    ],
    [
      "another datatype",
      image({ datatype: "FP16" }),
      'The input "image" has the datatype "FP16"; it must be BYTES, FP32 or UINT8.',
    ],
    [
      "a dtype that the model does not take",
      image({ datatype: "UINT8" }),
      'The input "image" is uint8; it must be float32 [n,3,8,8].',
    ],
    [
      "another shape",
      image({ shape: [1, 8, 8, 3] }),
      'The input "image" has the shape [1,8,8,3]; it must be float32 [n,3,8,8].',
    ],
    ["a negative dimension", image({ shape: [-1, 3, 8, 8] }), /^The field "inputs.0.shape.0": /],
    [
      "a huge shape",
      image({ shape: [1e9, 1e9, 1e9, 1e9] }),
      /^The input "image" has 192 elements, but its shape \[1000000000,1000000000,1000000000,1000000000\] promises 1e\+36\.$/,
    ],
    [
      "too few values",
      image({ data: [1] }),
      'The input "image" has 1 elements, but its shape [1,3,8,8] promises 192.',
    ],
    [
      "too many values",
      image({ data: [...zeros, 1] }),
      'The input "image" has 193 elements, but its shape [1,3,8,8] promises 192.',
    ],
    [
      "text for numbers",
      image({ data: zeros.map(() => "0") }),
      'The input "image" has data that is no list of numbers, flat or nested in rows of equal length.',
    ],
    [
      "no data",
      image({ data: undefined }),
      'The input "image" has no data; it is a list of values.',
    ],
    [
      "text that is no base64",
      image({ datatype: "BYTES", shape: [1], data: ["ÿØ"] }),
      'The input "image" has data that is no list of base64 texts; send pictures so, or as binary data.',
    ],
    [
      "numbers for pictures",
      image({ datatype: "BYTES", shape: [1], data: [1] }),
      'The input "image" has data that is no list of base64 texts; send pictures so, or as binary data.',
    ],
    [
      "rows of different lengths",
      image({ data: [[1, 2], [3]] }),
      'The input "image" has data that is no list of numbers, flat or nested in rows of equal length.',
    ],
    [
      "a shape without end",
      image({ shape: Array(100_000).fill(1) }),
      'The field "inputs.0.shape": Too big: expected array to have <=32 items.',
    ],
    [
      "binary data that is not there",
      image({ data: undefined, parameters: { binary_data_size: 768 } }),
      'The input "image" has binary_data_size 768, but 0 bytes of binary data are left.',
    ],
    [
      "an unknown output",
      { ...image({}), outputs: [{ name: "x" }] },
      /^output tensor alias not found in signature: x /,
    ],
    [
      "classes of what does not classify",
      { ...image({}), outputs: [{ name: "mean", parameters: { classification: 2 } }] },
      'The output "mean" does not classify; leave its parameter classification out.',
    ],
    [
      "no number of classes",
      { ...image({}), outputs: [{ name: "mean", parameters: { classification: "2" } }] },
      'The parameter classification of the output "mean" must be a whole number of at least 1.',
    ],
  ];
  for (const [what, body, expected] of refused) {
    it(`refuses ${what}`, async () => {
      const response = body === undefined ? await running.post("{", { path }) : await infer(body);
      const { error } = (await response.json()) as { error: string };
      assert.equal(response.status, 400);
      if (typeof expected === "string") assert.equal(error, expected);
      else assert.match(error, expected);
    });
  }

  it("refuses a JSON length that is wrong or no number, and bytes that nobody names", async () => {
    const json = JSON.stringify(image({}));
    const post = async (body: string, length: string) => {
      const headers = { "inference-header-content-length": length };
      const response = await running.post(body, { path, headers });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    assert.deepEqual(await post(json, "99999"), [
      400,
      `Inference-Header-Content-Length is 99999, but the body has ${json.length} bytes.`,
    ]);
    assert.deepEqual(await post(json, "-1"), [
      400,
      'The header Inference-Header-Content-Length is "-1": not a number of bytes.',
    ]);
    assert.deepEqual(await post(`${json}abc`, String(json.length)), [
      400,
      "3 bytes follow the request's JSON and the binary data that it names.",
    ]);
  });

  it("answers the most probable classes of a classifier", async () => {
    const classifier = await startService({ MODEL_DIR: colourClassifier("probabilities") });
    const parameters = { classification: 2 };
    const inputs = [
      { name: "image", shape: [1], datatype: "BYTES", data: [base64(plainJpeg([0, 0, 255]))] },
    ];
    const body = { inputs, outputs: [{ name: "probabilities", parameters }] };
    const response = await classifier.post(JSON.stringify(body), { path });
    const { outputs } = (await response.json()) as {
      outputs: { datatype: string; shape: number[]; data: string[] }[];
    };
    assert.deepEqual([outputs[0]?.datatype, outputs[0]?.shape], ["BYTES", [1, 2]]);
    assert.match(outputs[0]?.data[0] ?? "", /^1\.0000\d\d:2:blue$/);
    await classifier.stop();
  });
});
