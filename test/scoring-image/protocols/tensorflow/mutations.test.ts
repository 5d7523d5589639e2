import assert from "node:assert/strict";
import { GrpcTestClient } from "../../../support/grpcClient";
import { assertOutcomes, mutate, sendMutations } from "../../../support/mutations";
import { plainJpeg } from "../../../support/pictures";
import { Random } from "../../../support/random";
import { startService, type RunningService } from "../../../support/service";
import { shape, strings, tensorflow } from "../../../support/tensorflow";
import { colourClassifier } from "../../../support/tinyModel";

const seed = 20_261_122;
const count = 1000;

/** Tags and lengths are in the first hundred bytes. */
const grpcOptions = { changes: 4, length: 8, telling: [0, 1, 0x7f, 0x80, 0xff], head: 100 };
const restOptions = { changes: 3, length: 20, telling: [...Buffer.from('{}[]":,-.0e')], head: 60 };

describe(`protocols/tensorflow, ${count} mutations of each interface's requests, seed ${seed}`, () => {
  let running: RunningService;
  let client: GrpcTestClient;
  before(async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits"), GRPC_PORT: "0" });
    client = new GrpcTestClient(running.grpcAddress);
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  const statusOf = (bytes: Buffer) =>
    client.send(tensorflow.predict, bytes).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );

  it("are answered, or refused as the caller's fault, over gRPC", async function () {
    this.timeout(180_000);
    const random = new Random(seed);
    const float = { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8) };
    const originals = [
      { image: strings(plainJpeg([9, 99, 199]), plainJpeg([1, 2, 3])) },
      { image: { ...float, float_val: Array(192).fill(1.5) } },
      { image: { ...float, tensor_content: Buffer.alloc(768, 3) } },
    ].map((inputs) => tensorflow.predict.requestSerialize({ model_spec: { name: "" }, inputs }));
    const { outcomes, grownMb } = await sendMutations(running, count, async () =>
      String(await statusOf(mutate(random.pick(originals), random, grpcOptions))),
    );
    // 3 INVALID_ARGUMENT; 5 NOT_FOUND and 9 FAILED_PRECONDITION for a mutated model_spec.
    assertOutcomes(outcomes, ["0", "3", "5", "9"], { 0: 50, 3: 300 });
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
    assert.equal(await statusOf(originals[0] as Buffer), 0);
  });

  it("are answered 200, or refused as the caller's fault in the documented form, over REST", async function () {
    this.timeout(180_000);
    const random = new Random(seed);
    const picture = (...colour: [number, number, number]) => ({
      b64: Buffer.from(plainJpeg(colour)).toString("base64"),
    });
    const row = Array.from({ length: 3 }, () =>
      Array.from({ length: 8 }, () => Array<number>(8).fill(1.5)),
    );
    const originals: [method: string, body: object][] = [
      ["predict", { instances: [picture(9, 99, 199), picture(1, 2, 3)] }],
      ["predict", { signature_name: "serving_default", inputs: { image: [row] } }],
      ["classify", { examples: [{ image: picture(9, 99, 199) }] }],
    ];
    const { outcomes, grownMb } = await sendMutations(running, count, async () => {
      const [method, original] = random.pick(originals);
      const body = mutate(Buffer.from(JSON.stringify(original)), random, restOptions);
      const path = `/v1/models/mean-colour:${method}`;
      const response = await running.post(body, { path });
      const answer = (await response.json()) as Record<string, unknown>;
      if (response.status === 200) assert.ok(Object.keys(answer).length === 1);
      else assert.deepEqual([Object.keys(answer), typeof answer["error"]], [["error"], "string"]);
      return String(response.status);
    });
    assertOutcomes(outcomes, ["200", "400"], { 200: 50, 400: 300 });
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
  });

  const malformed: [what: string, hex: string][] = [
    ["a length beyond the end", "12ffffffff0f"],
    ["a model_spec of another wire type", "0801"],
    ["an input that is cut off", "120a0a05696d616765"],
    ["nested groups without end", "1b".repeat(100_000)],
    ["an endless varint", "ff".repeat(20)],
    ["a shape of another wire type", "120e0a05696d61676512050801120108"],
  ];
  for (const [what, hex] of malformed) {
    it(`refuses ${what}`, () =>
      assert.rejects(client.send(tensorflow.predict, Buffer.from(hex, "hex")), {
        code: 3,
        details:
          "The message is not a valid request of /tensorflow.serving.PredictionService/Predict: it is cut off or not Protocol Buffers.",
      }));
  }

  it("refuses a tensor of two million empty strings", async () => {
    const tensor = Buffer.concat([
      Buffer.from("0807", "hex"),
      Buffer.alloc(4_000_000, "4200", "hex"),
    ]);
    const message = tensorflow.predict.requestSerialize({ inputs: { image: {} } });
    const varint = (n: number) =>
      Buffer.from([
        (n & 0x7f) | 0x80,
        ((n >> 7) & 0x7f) | 0x80,
        ((n >> 14) & 0x7f) | 0x80,
        n >> 21,
      ]);
    const entry = Buffer.concat([
      message.subarray(2, 9),
      Buffer.from([0x12]),
      varint(tensor.length),
      tensor,
    ]);
    const bytes = Buffer.concat([Buffer.from([0x12]), varint(entry.length), entry]);
    await assert.rejects(client.send(tensorflow.predict, bytes), {
      code: 3,
      details: "The message has more than 10000 messages, texts and lists.",
    });
  });
});
