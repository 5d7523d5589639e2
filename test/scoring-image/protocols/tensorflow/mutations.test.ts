import assert from "node:assert/strict";
import { GrpcTestClient } from "../../../support/grpcClient";
import { plainJpeg } from "../../../support/pictures";
import { Random } from "../../../support/random";
import { startService, type RunningService } from "../../../support/service";
import { shape, strings, tensorflow } from "../../../support/tensorflow";
import { colourClassifier } from "../../../support/tinyModel";

const seed = 20_261_122;
const count = 1000;

/** Flips, overwrites, removes or cuts off bytes, most of them in the first hundred, which hold tags and lengths. */
function mutate(message: Buffer, random: Random): Buffer {
  let bytes = [...message];
  for (let changes = 1 + random.below(4); changes > 0 && bytes.length > 0; changes--) {
    const at = random.below(Math.min(bytes.length, random.pick([20, 100, bytes.length])));
    switch (random.below(4)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
        break;
      case 2:
        bytes.splice(at, 1 + random.below(8));
        break;
      default:
        if (random.below(3) === 0) bytes = bytes.slice(0, at);
        else bytes.splice(at, 0, ...Array.from({ length: 4 }, () => random.below(256)));
    }
  }
  return Buffer.from(bytes);
}

describe(`protocols/tensorflow, ${count} mutated PredictRequests, seed ${seed}`, () => {
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

  it("are answered, or refused as the caller's fault", async function () {
    this.timeout(60_000);
    const random = new Random(seed);
    const float = { dtype: "DT_FLOAT", tensor_shape: shape(1, 3, 8, 8) };
    const originals = [
      { image: strings(plainJpeg([9, 99, 199]), plainJpeg([1, 2, 3])) },
      { image: { ...float, float_val: Array(192).fill(1.5) } },
      { image: { ...float, tensor_content: Buffer.alloc(768, 3) } },
    ].map((inputs) => tensorflow.predict.requestSerialize({ model_spec: { name: "" }, inputs }));
    const codes: Record<number, number> = {};
    for (let i = 0; i < count; i++) {
      const code = await statusOf(mutate(random.pick(originals), random));
      codes[code] = (codes[code] ?? 0) + 1;
    }
    // 3 INVALID_ARGUMENT; 5 NOT_FOUND and 9 FAILED_PRECONDITION for a mutated model_spec.
    assert.deepEqual(
      Object.keys(codes).filter((code) => !["0", "3", "5", "9"].includes(code)),
      [],
    );
    assert.ok((codes[0] ?? 0) > 50 && (codes[3] ?? 0) > 300, JSON.stringify(codes));
    assert.equal(await statusOf(originals[0] as Buffer), 0);
    assert.equal(await running.metric("scoring_session_worker_restarts_total"), 0);
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
      details: "A tensor has more than 100000 strings.",
    });
  });
});
