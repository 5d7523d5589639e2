/** Detections and features over every protocol but Azure ML's, whose tests are beside this file. */
import assert from "node:assert/strict";
import { detector, golden, shapes, type GoldenBox } from "../../support/detectors";
import { GrpcTestClient } from "../../support/grpcClient";
import { inferMethod } from "../../support/openInference";
import { plainJpeg } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";
import { strings, tensorflow, type PredictAnswer } from "../../support/tensorflow";
import { featurizer } from "../../support/tinyModel";

/** A detection tensor by each protocol: its shape and its values, flat. */
type Tensors = Readonly<
  Record<string, { readonly shape: number[]; readonly values: readonly number[] }>
>;

interface OpenTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: (number | string)[];
}

interface Caller {
  readonly running: RunningService;
  readonly client: GrpcTestClient;
  readonly model: string;
}

async function serve(folder: string): Promise<Caller> {
  const running = await startService({ MODEL_DIR: folder });
  const client = new GrpcTestClient(running.grpcAddress);
  return { running, client, model: running.service.model.name };
}

async function predict({ client }: Caller, picture: Uint8Array): Promise<Tensors> {
  const inputs = { image: strings(picture) };
  const { outputs } = await client.call<
    PredictAnswer & { outputs: Record<string, { int_val: number[] }> }
  >(tensorflow.predict, { inputs });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dtype, tensor_shape, float_val, int_val }]) => [
      name,
      {
        shape: tensor_shape.dim.map(({ size }) => Number(size)),
        values: dtype === "DT_INT32" ? int_val : float_val,
      },
    ]),
  );
}

async function restPredict({ running, model }: Caller, picture: Uint8Array): Promise<unknown> {
  const instances = [{ b64: Buffer.from(picture).toString("base64") }];
  const path = `/v1/models/${model}:predict`;
  const response = await running.post(JSON.stringify({ instances }), { path });
  const { predictions } = (await response.json()) as { predictions: unknown[] };
  return predictions[0];
}

async function inferHttp({ running, model }: Caller, picture: Uint8Array<ArrayBuffer>) {
  const headers = { "inference-header-content-length": "0" };
  const response = await running.post(picture, { path: `/v2/models/${model}/infer`, headers });
  const { outputs } = (await response.json()) as { outputs: (OpenTensor & { data: number[] })[] };
  return outputs.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data }));
}

async function inferGrpc({ client, model }: Caller, picture: Uint8Array) {
  const contents = { bytes_contents: [picture] };
  const { outputs } = await client.call<{
    outputs: (OpenTensor & { contents: Record<string, number[]> })[];
  }>(inferMethod, {
    model_name: model,
    inputs: [{ name: "image", datatype: "BYTES", shape: [1], contents }],
  });
  return outputs.map(({ name, datatype, shape, contents: { fp32_contents, int_contents } }) => ({
    name,
    datatype,
    shape: shape.map(Number),
    data: datatype === "INT32" ? int_contents : fp32_contents,
  }));
}

const near = (found: readonly number[], expected: readonly number[], tolerance: number) => {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - (expected[i] as number)) <= tolerance, `${i}: ${value}`),
  );
};

describe("protocols, detections", () => {
  const k = 200;
  let caller: Caller;
  before(async () => {
    caller = await serve(detector("torchvision"));
  });
  after(async () => {
    caller.client.close();
    await caller.running.stop();
  });

  /** What torchvision found, as the four tensors say it: top, left, bottom, right, and zeros up to k. */
  const expected = golden<GoldenBox[]>("torchvision");
  const padded = (values: number[], width: number) => [
    ...values,
    ...Array<number>(k * width - values.length).fill(0),
  ];
  const boxes = padded(
    expected.flatMap(({ box: [left, top, right, bottom] }) => [top, left, bottom, right]),
    4,
  );
  const classes = padded(
    expected.map(({ index }) => index),
    1,
  );
  const scores = padded(
    expected.map(({ score }) => score),
    1,
  );

  function check(tensors: Tensors): void {
    assert.deepEqual(
      ["decoded_boxes", "decoded_classes", "decoded_scores", "decoded_count"].map(
        (name) => tensors[name]?.shape,
      ),
      [[1, k, 4], [1, k], [1, k], [1]],
    );
    assert.deepEqual(tensors["decoded_count"]?.values, [expected.length]);
    assert.deepEqual(tensors["decoded_classes"]?.values, classes);
    near(tensors["decoded_scores"]?.values ?? [], scores, 1e-4);
    near(tensors["decoded_boxes"]?.values ?? [], boxes, 0.01);
  }

  const byName = (outputs: { name: string; shape: (number | string)[]; data?: number[] }[]) =>
    Object.fromEntries(
      outputs.map(({ name, shape, data }) => [
        name,
        { shape: shape.map(Number), values: data ?? [] },
      ]),
    );

  it("TensorFlow Serving over gRPC: what torchvision finds, beside the raw heads", async () => {
    const tensors = await predict(caller, shapes());
    check(tensors);
    assert.deepEqual(tensors["boxes"]?.shape.at(-1), 4);
    assert.deepEqual(tensors["logits"]?.shape.at(-1), 5);
  });

  it("TensorFlow Serving over REST", async () => {
    const row = (await restPredict(caller, shapes())) as Record<string, number[]>;
    const flat = (name: string) => (row[name] as unknown as number[][]).flat();
    assert.equal(row["decoded_count"], expected.length);
    assert.deepEqual(row["decoded_classes"], classes);
    near(row["decoded_scores"] ?? [], scores, 1e-4);
    near(flat("decoded_boxes"), boxes, 0.01);
  });

  it("Open Inference Protocol over HTTP", async () => {
    const outputs = await inferHttp(caller, shapes());
    check(byName(outputs));
    const datatypes = Object.fromEntries(outputs.map(({ name, datatype }) => [name, datatype]));
    assert.deepEqual(
      [datatypes["decoded_boxes"], datatypes["decoded_classes"], datatypes["decoded_count"]],
      ["FP32", "INT32", "INT32"],
    );
  });

  it("Open Inference Protocol over gRPC", async () =>
    check(byName(await inferGrpc(caller, shapes()))));
});

describe("protocols, features", () => {
  let caller: Caller;
  before(async () => {
    caller = await serve(featurizer(true));
  });
  after(async () => {
    caller.client.close();
    await caller.running.stop();
  });
  const picture = plainJpeg([100, 100, 100]);
  const three = [100, 100, 100];

  it("TensorFlow Serving over gRPC and REST, with the shape [1,1,1,c]", async () => {
    assert.deepEqual(await predict(caller, picture), {
      features: { shape: [1, 1, 1, 3], values: three },
      brightest: { shape: [1, 3], values: three },
    });
    assert.deepEqual(await restPredict(caller, picture), { features: [[three]], brightest: three });
  });

  it("Open Inference Protocol over HTTP and gRPC", async () => {
    const outputs = [
      { name: "features", datatype: "FP32", shape: [1, 1, 1, 3], data: three },
      { name: "brightest", datatype: "FP32", shape: [1, 3], data: three },
    ];
    assert.deepEqual(await inferHttp(caller, picture), outputs);
    assert.deepEqual(await inferGrpc(caller, picture), outputs);
  });
});
