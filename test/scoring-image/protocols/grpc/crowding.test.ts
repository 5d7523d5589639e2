import assert from "node:assert/strict";
import { refuseCrowdedMessage } from "../../../../scoring-image/src/protocols/grpc/crowding";
import type { MessageSchema } from "../../../../scoring-image/src/proto/messageSchema";
import { requestSchema } from "../../../../scoring-image/src/proto/protos";

const infer = requestSchema("open_inference.proto", "/inference.GRPCInferenceService/ModelInfer");
const predict = requestSchema(
  "tensorflow_serving.proto",
  "/tensorflow.serving.PredictionService/Predict",
);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/** A field of bytes: a message, a text or a packed list. */
const field = (number: number, content: Uint8Array) =>
  Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);

/** Inputs of ModelInfer (5) with contents (5) in the list of a field of InferTensorContents. */
const contents = (list: number, values: Uint8Array) => field(5, field(5, field(list, values)));

const refusal = (message: string) => ({ code: "INVALID_REQUEST", message });

describe("protocols/grpc/crowding", () => {
  const many = "The message has more than 4194304 numbers in lists; send raw bytes instead.";

  it("refuses more numbers than it may make of a message", () => {
    const most = 4 * 2 ** 20;
    // bool_contents (1), a byte each; fp32_contents (6), four.
    refuseCrowdedMessage(contents(1, Buffer.alloc(most, 1)), infer);
    refuseCrowdedMessage(contents(6, Buffer.alloc(4 * most)), infer);
    for (const message of [
      contents(1, Buffer.alloc(most + 1, 1)),
      contents(6, Buffer.alloc(4 * (most + 1))),
      // Not packed: a tag and a byte each.
      field(5, field(5, Buffer.alloc(2 * (most + 1), "0801", "hex"))),
    ]) {
      assert.throws(() => refuseCrowdedMessage(message, infer), refusal(many));
    }
  });

  it("does not count what is bytes, or what the method does not know", () => {
    // raw_input_contents (7), and a field 100 that nobody reads.
    refuseCrowdedMessage(field(7, Buffer.alloc(8 * 2 ** 20)), infer);
    refuseCrowdedMessage(
      Buffer.concat(Array.from({ length: 20_000 }, () => field(100, Buffer.alloc(1)))),
      infer,
    );
  });

  it("counts what the values of a map hold", () => {
    // inputs (2) of Predict is a map; its value a TensorProto with string_val (8).
    const strings = Buffer.concat(Array.from({ length: 10_001 }, () => field(8, Buffer.alloc(0))));
    const message = field(2, Buffer.concat([field(1, Buffer.from("image")), field(2, strings)]));
    assert.throws(
      () => refuseCrowdedMessage(message, predict),
      refusal("The message has more than 10000 messages, texts and lists."),
    );
  });

  it("refuses messages within messages without end", () => {
    const schema = new Map() as Map<number, { kind: "message"; schema: MessageSchema }>;
    schema.set(1, { kind: "message", schema });
    let message = Buffer.alloc(0);
    for (let i = 0; i < 32; i++) message = field(1, message);
    refuseCrowdedMessage(message, schema);
    assert.throws(
      () => refuseCrowdedMessage(field(1, message), schema),
      refusal("The message is nested more than 32 deep."),
    );
  });

  const broken: [what: string, bytes: string][] = [
    ["a field that ends behind its message", "2a05"],
    ["an inner field that ends behind its message", "2a022a7f"],
    ["a number that never ends", "0880"],
    ["a tag that is cut off", "80"],
  ];
  for (const [what, bytes] of broken) {
    it(`does not read beyond the end: ${what}`, () => {
      assert.throws(() => refuseCrowdedMessage(Buffer.from(bytes, "hex"), infer), RangeError);
    });
  }
});
