import assert from "node:assert/strict";
import { GrpcTestClient, methodOf } from "../../../support/grpcClient";
import { inferMethod, recorded } from "../../../support/openInference";
import { plainJpeg } from "../../../support/pictures";
import { authorization, startService, type RunningService } from "../../../support/service";
import { tinyPackage } from "../../../support/tinyModel";
import { audience, LocalIssuer } from "../../../support/tokenIssuer";

interface Answer {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: number[];
    readonly contents: { readonly fp32_contents: number[] } | null;
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

const method = (name: string) =>
  methodOf("open_inference.proto", "inference.GRPCInferenceService", name);
const means = [200, 100, 50, 10, 20, 30];
const floats = (bytes: Buffer | undefined) =>
  Array.from(new Float32Array(Uint8Array.from(bytes ?? []).buffer));

describe("protocols/openInference over gRPC", () => {
  let running: RunningService;
  let client: GrpcTestClient;
  before(async () => {
    running = await startService({ MODEL_DIR: tinyPackage("mean-colour") });
    client = new GrpcTestClient(running.grpcAddress);
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  for (const name of ["bytes", "fp32"]) {
    it(`answers what tritonclient sent: ${name}`, async () => {
      const answer = await client.send<Answer>(inferMethod, recorded(`${name}.grpc`));
      assert.deepEqual(
        [answer.model_name, answer.model_version, answer.id, answer.outputs[0]?.shape],
        ["mean-colour", "3", "recorded", [2, 3]],
      );
      assert.equal(answer.outputs[0]?.contents, null);
      assert.deepEqual(floats(answer.raw_output_contents[0]), means);
    });
  }

  const image = (changed: object) => ({
    model_name: "mean-colour",
    inputs: [{ name: "image", datatype: "BYTES", shape: [1], ...changed }],
  });

  it("answers typed contents with typed contents", async () => {
    const bytes = { contents: { bytes_contents: [plainJpeg([80, 80, 80])] } };
    const answer = await client.call<Answer>(inferMethod, image(bytes));
    assert.deepEqual(answer.outputs[0]?.contents?.fp32_contents, [80, 80, 80]);
    assert.deepEqual(answer.raw_output_contents, []);
    const values = Array.from({ length: 192 }, (_, i) => Math.floor(i / 64));
    const tensor = { datatype: "FP32", shape: [1, 3, 8, 8], contents: { fp32_contents: values } };
    const second = await client.call<Answer>(inferMethod, image(tensor));
    assert.deepEqual(second.outputs[0]?.contents?.fp32_contents, [0, 1, 2]);
  });

  it("answers live and ready without a key, metadata with one", async () => {
    const open = { metadata: {} };
    const model = { name: "mean-colour", version: "" };
    assert.deepEqual(await client.call(method("ServerLive"), {}, open), { live: true });
    assert.deepEqual(await client.call(method("ServerReady"), {}, open), { ready: true });
    assert.deepEqual(await client.call(method("ModelReady"), model, open), { ready: true });
    await assert.rejects(client.call(method("ModelReady"), { name: "x" }, open), { code: 5 });
    await assert.rejects(client.call(method("ServerMetadata"), {}, open), { code: 16 });
    await assert.rejects(client.call(method("ModelMetadata"), model, open), { code: 16 });
    await assert.rejects(client.send(inferMethod, recorded("fp32.grpc"), open), { code: 16 });
    assert.deepEqual(await client.call(method("ModelMetadata"), model), {
      name: "mean-colour",
      versions: ["3"],
      platform: "onnxruntime_onnx",
      inputs: [{ name: "image", datatype: "FP32", shape: [-1, 3, 8, 8] }],
      outputs: [{ name: "mean", datatype: "FP32", shape: [-1, 3] }],
    });
  });

  const jpeg = plainJpeg([1, 2, 3]);
  const refused: [what: string, message: object, code: number, details: RegExp][] = [
    [
      "another model",
      { ...image({}), model_name: "x" },
      5,
      /^Servable not found for request: Latest\(x\)$/,
    ],
    [
      "another version",
      { ...image({ contents: {} }), model_version: "9" },
      5,
      /Specific\(mean-colour, 9\)$/,
    ],
    [
      "shared memory for an input",
      image({ parameters: { shared_memory_region: { string_param: "pictures" } } }),
      12,
      /^The input "image" has a shared_memory_region; shared memory is not supported: leave it out\.$/,
    ],
    [
      "shared memory for an output",
      {
        ...image({}),
        outputs: [
          { name: "mean", parameters: { shared_memory_region: { string_param: "scores" } } },
        ],
      },
      12,
      /^The output "mean" has a shared_memory_region/,
    ],
    ["no data", image({}), 3, /has neither contents nor raw_input_contents\.$/],
    [
      "a field of another datatype",
      image({ contents: { fp32_contents: [1] } }),
      3,
      /has the datatype BYTES and fp32_contents\.$/,
    ],
    [
      "raw data for another number of inputs",
      { ...image({}), raw_input_contents: [jpeg, jpeg] },
      3,
      /^raw_input_contents has 2 entries for 1 inputs\.$/,
    ],
    [
      "raw data beside contents",
      { ...image({ contents: { bytes_contents: [jpeg] } }), raw_input_contents: [jpeg] },
      3,
      /use one of them\.$/,
    ],
    [
      "an element that is cut off",
      { ...image({}), raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])] },
      3,
      /ends in the middle of its element 0\.$/,
    ],
    [
      "floats that are cut off",
      { ...image({ datatype: "FP32" }), raw_input_contents: [Buffer.alloc(5)] },
      3,
      /has 5 bytes, no multiple of 4\.$/,
    ],
    [
      "a negative dimension",
      { ...image({ shape: [-1] }), raw_input_contents: [Buffer.alloc(0)] },
      3,
      /has the shape \[-1\]; a dimension is at least 0\.$/,
    ],
    [
      "a huge shape",
      image({ datatype: "FP32", shape: [9e15, 9e15], contents: { fp32_contents: [1] } }),
      3,
      /has 1 elements, but its shape .* promises 8\.1e\+31\.$/,
    ],
    [
      "a bad picture",
      image({ shape: [2], contents: { bytes_contents: [jpeg, Buffer.from("x")] } }),
      3,
      /^Picture at index 1 \(of 2\): /,
    ],
  ];
  for (const [what, message, code, details] of refused) {
    it(`refuses ${what}`, () =>
      assert.rejects(client.call(inferMethod, message), { code, details }));
  }

  it("refuses a message that is cut off as the caller's fault", () =>
    assert.rejects(client.send(inferMethod, recorded("fp32.grpc").subarray(0, 500)), { code: 3 }));

  it("takes the issuer's tokens", async () => {
    const issuer = await LocalIssuer.start();
    const guarded = await startService({
      AUTH: "token",
      TOKEN_ISSUER: issuer.url,
      TOKEN_AUDIENCE: audience,
      MODEL_DIR: tinyPackage("mean-colour"),
    });
    const caller = new GrpcTestClient(guarded.grpcAddress);
    const metadata = { authorization: `Bearer ${await issuer.sign()}` };
    const { id } = await caller.send<Answer>(inferMethod, recorded("fp32.grpc"), { metadata });
    assert.equal(id, "recorded");
    const keys = { metadata: { authorization } };
    await assert.rejects(caller.send(inferMethod, recorded("fp32.grpc"), keys), {
      code: 16,
      details: "The token is not valid.",
    });
    caller.close();
    await guarded.stop();
    await issuer.close();
  });
});
