import assert from "node:assert/strict";
import { GrpcTestClient } from "../../../support/grpcClient";
import { plainJpeg, sample } from "../../../support/pictures";
import { startService, type RunningService } from "../../../support/service";
import {
  shape,
  strings,
  tensorflow,
  type PredictAnswer,
  type TensorAnswer,
} from "../../../support/tensorflow";
import { tinyManifest, tinyPackage } from "../../../support/tinyModel";

const softmax = "classifier/resnet_v1_50/predictions/Softmax:0";

/** `mean-colour` as a classifier whose tensors have the names of both generations of clients. */
function referenceModel(): string {
  const manifest = tinyManifest("mean-colour");
  const input = { ...manifest.inputs[0], aliases: ["images", "Placeholder:0"] };
  const output = {
    name: "mean",
    aliases: ["output_alias", softmax],
    dtype: "float32",
    shape: ["N", 3],
    kind: "probabilities",
    labels: ["red", "green", "blue"],
  };
  return tinyPackage("mean-colour", { ...manifest, inputs: [input], outputs: [output] });
}

const nearly = (found: readonly number[], ...expected: number[]) => {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - (expected[i] as number)) < 1.5, String(found)),
  );
};

/** One row whose planes have the values r, g and b. */
const planes = (...colour: number[]) => colour.flatMap((v) => Array<number>(64).fill(v));

describe("protocols/tensorflow Predict", () => {
  let running: RunningService;
  let client: GrpcTestClient;
  const red = plainJpeg([250, 5, 10]);
  const predict = (request: object, metadata?: Record<string, string>) =>
    client.call<PredictAnswer>(tensorflow.predict, request, metadata ? { metadata } : {});
  const onlyOutput = async (request: object) => {
    const entries = Object.entries((await predict(request)).outputs);
    assert.equal(entries.length, 1);
    return entries[0] as [string, TensorAnswer];
  };

  before(async () => {
    running = await startService({
      MODEL_DIR: referenceModel(),
      SERVICE_NAME: "colours",
      GRPC_PORT: "0",
      MAX_PIXELS: "1000000",
    });
    client = new GrpcTestClient(running.grpcAddress);
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  it("answers in float_val with the full shape (trap 1)", async () => {
    const [, tensor] = await onlyOutput({ inputs: { images: strings(red) } });
    assert.equal(tensor.dtype, "DT_FLOAT");
    assert.deepEqual(
      tensor.tensor_shape.dim.map(({ size }) => size),
      [1, 3],
    );
    assert.equal(tensor.tensor_content.length, 0);
    nearly(tensor.float_val, 250, 5, 10);
  });

  it("takes float_val and tensor_content (trap 2)", async () => {
    const values = planes(1.5, -2, 3);
    const tensor = { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8) };
    const content = Buffer.from(Float32Array.from(values).buffer);
    for (const form of [{ float_val: values }, { tensor_content: content }]) {
      const [, answer] = await onlyOutput({ inputs: { images: { ...tensor, ...form } } });
      assert.deepEqual(answer.float_val, [1.5, -2, 3]);
    }
  });

  it("repeats a last value for the rest of the shape, as TensorFlow reads it", async () => {
    const tensor = { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8), float_val: [7] };
    const [, answer] = await onlyOutput({ inputs: { images: tensor } });
    assert.deepEqual(answer.float_val, [7, 7, 7]);
  });

  it("takes no, an empty and a named model_spec (trap 3)", async () => {
    const specs = [
      undefined,
      {},
      { name: "mean-colour", version: { value: 3 } },
      { name: "colours", version_label: "stable", signature_name: "serving_default" },
    ];
    for (const spec of specs) {
      const request = { inputs: { images: strings(red) }, ...(spec ? { model_spec: spec } : {}) };
      const { model_spec: answered } = await predict(request);
      assert.deepEqual(answered, {
        name: "mean-colour",
        version: { value: 3 },
        signature_name: "serving_default",
        version_choice: "version",
      });
    }
  });

  const unknown: [spec: object, code: number, details: string][] = [
    [{ name: "resnet" }, 5, "Servable not found for request: Latest(resnet)"],
    [{ version: { value: 4 } }, 5, "Servable not found for request: Specific(mean-colour, 4)"],
    [{ version_label: "canary" }, 3, "Unrecognized servable version label: canary"],
    [{ signature_name: "other" }, 9, 'Serving signature key "other" not found.'],
  ];
  for (const [spec, code, details] of unknown) {
    it(`refuses ${JSON.stringify(spec)}`, () =>
      assert.rejects(predict({ model_spec: spec, inputs: { images: strings(red) } }), {
        code,
        details,
      }));
  }

  it("takes a key bare, as Bearer and as bearer (trap 4)", async () => {
    const key = "primary-key-of-the-tests";
    for (const authorization of [key, `Bearer ${key}`, `bearer ${key}`]) {
      await predict({ inputs: { images: strings(red) } }, { authorization });
    }
    const refused = predict({ inputs: { images: strings(red) } }, { authorization: "Bearer " });
    await assert.rejects(refused, { code: 16 });
    await assert.rejects(predict({ inputs: { images: strings(red) } }, {}), { code: 16 });
  });

  it("routes by metadata, as path or bare name, or not at all (trap 5)", async () => {
    const authorization = "Bearer primary-key-of-the-tests";
    const key = "x-ms-aml-grpc-service-route";
    for (const route of ["/api/v1/service/colours", "colours", "/api/v1/service/colours/"]) {
      await predict({ inputs: { images: strings(red) } }, { authorization, [key]: route });
    }
    const other = predict(
      { inputs: { images: strings(red) } },
      { authorization, [key]: "/api/v1/service/other" },
    );
    await assert.rejects(other, {
      code: 5,
      details: `The metadata ${key} is "/api/v1/service/other"; the service here is colours.`,
    });
  });

  it("answers in the naming that the caller used (trap 6)", async () => {
    const names = [
      ["images", "output_alias"],
      ["Placeholder:0", softmax],
      ["image", "mean"],
    ] as const;
    for (const [sent, read] of names) {
      const [name] = await onlyOutput({ inputs: { [sent]: strings(red) } });
      assert.equal(name, read);
    }
    const filtered = { inputs: { images: strings(red) }, output_filter: [softmax] };
    assert.equal((await onlyOutput(filtered))[0], softmax);
  });

  it("calls bad input INVALID_ARGUMENT, never INTERNAL (trap 7)", async () => {
    const float = { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8) };
    const bad: [inputs: object, details: RegExp][] = [
      [
        {},
        /^input size does not match signature: 0!=1 len\(\{\}\) != len\(\{images\}\)\. Sent extra: \{\}\. Missing but required: \{images\}\.$/,
      ],
      [
        { images: strings(red), x: strings(red) },
        /Sent extra: \{x\}\. Missing but required: \{\}\.$/,
      ],
      [{ x: strings(red) }, /^There is no input "x"/],
      [{ images: strings(sample("cat.jpg").slice(0, 20_000)) }, /cut off/],
      [
        { images: { ...strings(red), string_val: [] } },
        /0 values in string_val for the shape \[1\]/,
      ],
      [
        { images: { dtype: "DT_HALF", tensor_shape: shape(1) } },
        /is DT_HALF; it must be DT_STRING/,
      ],
      [
        { images: { ...float, tensor_content: Buffer.alloc(3) } },
        /3 bytes in tensor_content for 192/,
      ],
      [{ images: { ...float, float_val: Array(193).fill(0) } }, /has 193 values for 192 places/],
      [{ images: { ...float, tensor_shape: shape(-1, 3, 8, 8) } }, /shape \[-1,3,8,8\]/],
      [
        { images: { ...float, tensor_shape: shape(2 ** 50, 3, 8, 8), float_val: [1] } },
        /shape \[112/,
      ],
    ];
    for (const [inputs, details] of bad) {
      await assert.rejects(predict({ inputs }), { code: 3, details });
    }
  });

  it("decodes progressive, grey and PNG pictures (trap 11)", async () => {
    const all = await predict({
      inputs: { images: strings(sample("cat.jpg"), plainJpeg([9, 9, 9]), red) },
    });
    assert.deepEqual(
      all.outputs["output_alias"]?.tensor_shape.dim.map(({ size }) => size),
      [3, 3],
    );
  });

  it("lets preview clients in without a key on an open service only (trap 13)", async () => {
    const open = await startService({
      MODEL_DIR: referenceModel(),
      GRPC_PORT: "0",
      AUTH: "none",
    });
    const other = new GrpcTestClient(open.grpcAddress);
    const request = { inputs: { images: strings(red) } };
    for (const metadata of [{}, { authorization: "Bearer " }, { authorization: "bearer x" }]) {
      await other.call(tensorflow.predict, request, {
        metadata: metadata as Record<string, string>,
      });
    }
    other.close();
    await open.stop();
  });

  it("keeps the batch dimension of every output (trap 14)", async () => {
    const [, tensor] = await onlyOutput({ inputs: { images: strings(red, red) } });
    assert.deepEqual(
      tensor.tensor_shape.dim.map(({ size }) => size),
      [2, 3],
    );
    assert.equal(tensor.float_val.length, 6);
  });

  it("fails a batch with one bad picture and names its index", () =>
    assert.rejects(predict({ inputs: { images: strings(red, new Uint8Array(9), red) } }), {
      code: 3,
      details: /^Picture at index 1 \(of 3\): /,
    }));

  it("sends tensor_content and both names where the settings say so", async () => {
    const other = await startService({
      MODEL_DIR: referenceModel(),
      GRPC_PORT: "0",
      TENSOR_CONTENT: "true",
      BOTH_OUTPUT_NAMES: "true",
    });
    const second = new GrpcTestClient(other.grpcAddress);
    const { outputs } = await second.call<PredictAnswer>(tensorflow.predict, {
      inputs: {
        "Placeholder:0": { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8), float_val: [4] },
      },
    });
    assert.deepEqual(Object.keys(outputs), [softmax, "output_alias"]);
    for (const { tensor_content: content, float_val: floats } of Object.values(outputs)) {
      assert.deepEqual(floats, []);
      assert.equal(content.toString("hex"), "000080400000804000008040");
    }
    second.close();
    await other.stop();
  });

  it("ends a call at the caller's deadline", async () => {
    const slow = await startService({
      MODEL_DIR: tinyPackage("slow"),
      GRPC_PORT: "0",
      MAX_QUEUE_WAIT_MS: "20000",
    });
    const other = new GrpcTestClient(slow.grpcAddress);
    const request = { inputs: { image: strings(red) } };
    await assert.rejects(other.call(tensorflow.predict, request, { deadlineMs: 5 }), { code: 4 });
    await other.call(tensorflow.predict, request);
    other.close();
    await slow.stop();
  });
});
