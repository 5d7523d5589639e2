import assert from "node:assert/strict";
import { loadProto } from "../../../../scoring-image/src/proto/protos";
import { GrpcTestClient } from "../../../support/grpcClient";
import { plainJpeg } from "../../../support/pictures";
import { startService, type RunningService } from "../../../support/service";
import { tensorflow } from "../../../support/tensorflow";
import { tinyManifest, tinyPackage } from "../../../support/tinyModel";

interface Classes {
  readonly result: {
    readonly classifications: { readonly classes: { label: string; score: number }[] }[];
  };
}

const example = (feature: object) => ({ features: { feature } });
const list = (...examples: object[]) => ({ example_list: { examples } });
const picture = (...colour: [number, number, number]) => ({
  bytes_list: { value: [plainJpeg(colour)] },
});

/** A classifier whose scores are the means of the three colours. */
function classifier(): string {
  const manifest = tinyManifest("mean-colour");
  const [mean] = manifest.outputs;
  const output = { ...mean, kind: "probabilities", labels: ["red", "green", "blue"] };
  return tinyPackage("mean-colour", { ...manifest, outputs: [output] });
}

describe("protocols/tensorflow services", () => {
  let running: RunningService;
  let client: GrpcTestClient;
  before(async () => {
    running = await startService({ MODEL_DIR: classifier(), GRPC_PORT: "0" });
    client = new GrpcTestClient(running.grpcAddress);
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  it("classifies examples: every class, most probable first", async () => {
    const input = list(
      example({ image: picture(10, 200, 90) }),
      example({ anything: picture(180, 0, 90) }),
    );
    const { result } = await client.call<Classes>(tensorflow.classify, { input });
    const labels = result.classifications.map(({ classes }) => classes.map(({ label }) => label));
    assert.deepEqual(labels, [
      ["green", "blue", "red"],
      ["red", "blue", "green"],
    ]);
    const score = result.classifications[0]?.classes[0]?.score ?? 0;
    assert.ok(Math.abs(score - 200) < 2);
  });

  it("classifies decoded values, and features that all examples share", async () => {
    const values = [1, 2, 3].flatMap((v) => Array<number>(64).fill(v));
    const context = example({ image: { float_list: { value: values } } });
    const input = { example_list_with_context: { examples: [example({})], context } };
    const { result } = await client.call<Classes>(tensorflow.classify, { input });
    assert.deepEqual(result.classifications[0]?.classes, [
      { label: "blue", score: 3 },
      { label: "green", score: 2 },
      { label: "red", score: 1 },
    ]);
  });

  it("names the example that holds no picture", async () => {
    const input = list(example({ image: picture(1, 2, 3) }), example({}));
    const refused = client.call(tensorflow.classify, { input });
    await assert.rejects(refused, { code: 3, details: /^The example at index 1 must hold/ });
    await assert.rejects(client.call(tensorflow.classify, {}), { details: "Input is empty." });
  });

  it("says why a classifier does not regress", () =>
    assert.rejects(
      client.call(tensorflow.regress, { input: list(example({ image: picture(1, 2, 3) })) }),
      {
        code: 12,
        details:
          "Regress needs an output of kind features with one value a picture; the model mean-colour has none. Use Predict.",
      },
    ));

  it("says why a featurizer does not classify", async () => {
    const other = await startService({
      MODEL_DIR: tinyPackage("mean-colour", tinyManifest("mean-colour")),
      GRPC_PORT: "0",
    });
    const second = new GrpcTestClient(other.grpcAddress);
    const input = list(example({ image: picture(1, 2, 3) }));
    await assert.rejects(second.call(tensorflow.classify, { input }), {
      code: 12,
      details: /^Classify needs an output of kind probabilities or logits/,
    });
    second.close();
    await other.stop();
  });

  it("describes the signature", async () => {
    const answer = await client.call<{
      model_spec: { name: string };
      metadata: { signature_def: { type_url: string; value: Buffer } };
    }>(tensorflow.metadata, { metadata_field: ["signature_def"] });
    assert.equal(answer.model_spec.name, "mean-colour");
    const { type_url: type, value } = answer.metadata.signature_def;
    assert.equal(type, "type.googleapis.com/tensorflow.serving.SignatureDefMap");
    const map = loadProto("tensorflow_serving.proto")["tensorflow.serving.SignatureDefMap"];
    const { deserialize } = map as unknown as { deserialize: (bytes: Buffer) => unknown };
    const dim = (size: number) => ({ size, name: "" });
    const info = (name: string, dtype: string, ...dims: number[]) => ({
      name,
      dtype,
      tensor_shape: { dim: dims.map(dim), unknown_rank: false },
    });
    assert.deepEqual(deserialize(value), {
      signature_def: {
        serving_default: {
          inputs: { image: info("image", "DT_STRING", -1) },
          outputs: { mean: info("mean", "DT_FLOAT", -1, 3) },
          method_name: "tensorflow/serving/predict",
        },
      },
    });
  });

  it("refuses other metadata fields, and none, in TensorFlow Serving's words", async () => {
    await assert.rejects(client.call(tensorflow.metadata, {}), {
      code: 3,
      details: "GetModelMetadataRequest must specify at least one metadata_field",
    });
    await assert.rejects(client.call(tensorflow.metadata, { metadata_field: ["graph"] }), {
      code: 3,
      details: "Metadata field graph is not supported",
    });
  });

  it("tells the status of the version", async () => {
    const answer = await client.call(tensorflow.status, { model_spec: { name: "mean-colour" } });
    assert.deepEqual(answer, {
      model_version_status: [
        { version: 3, state: "AVAILABLE", status: { error_code: 0, error_message: "" } },
      ],
    });
    await assert.rejects(client.call(tensorflow.status, { model_spec: { name: "x" } }), {
      code: 5,
    });
  });

  it("refuses reloading and MultiInference with a reason", async () => {
    await assert.rejects(client.call(tensorflow.reload, {}), { code: 12, details: /MODEL_DIR/ });
    await assert.rejects(client.call(tensorflow.multiInference, {}), {
      code: 12,
      details: /^MultiInference needs several signatures/,
    });
  });
});
