import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { callFrames, frame, opening } from "../../../scoring-image/hostile/http2Bytes";
import { emptyFields, field, mapEntries } from "../../../scoring-image/hostile/protobuf";
import { loadProto, serviceOf } from "../../../scoring-image/src/proto/protos";

const infer = serviceOf(loadProto("open_inference.proto"), "inference.GRPCInferenceService")[
  "ModelInfer"
];

/** What protobufjs reads. */
const read = (bytes: Buffer) =>
  infer?.requestDeserialize(bytes) as {
    readonly model_name: string;
    readonly inputs: readonly object[];
    readonly parameters: object;
  };

describe("hostile/protobuf", () => {
  it("writes fields, empty ones and maps as protobufjs reads them", () => {
    const name = "x".repeat(300);
    const all = Buffer.concat([field(1, name), emptyFields(5, 3), mapEntries(4, 40)]);
    const { model_name, inputs, parameters } = read(all);
    assert.equal(model_name, name);
    assert.equal(inputs.length, 3);
    assert.equal(Object.keys(parameters).length, 40);
    assert.equal(emptyFields(5, 3).length, 6);
  });
});

describe("hostile/http2Bytes", () => {
  it("writes a call that Node's HTTP/2 server reads whole", async () => {
    const server = http2.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
    try {
      const message = Buffer.alloc(40_000, "m");
      socket.write(Buffer.concat([opening, callFrames(1, "/a.B/C", message, { x: "y" })]));
      const signal = AbortSignal.timeout(5000);
      const [stream, headers] = (await once(server, "stream", { signal })) as [
        http2.ServerHttp2Stream,
        http2.IncomingHttpHeaders,
      ];
      const { ":path": path, "content-type": type, x } = headers;
      assert.deepEqual([path, type, x], ["/a.B/C", "application/grpc", "y"]);
      assert.deepEqual(await buffer(stream), message);
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it("lets a frame lie about its length", () => {
    const lie = frame(3, { flags: 1, stream: 5, payload: Buffer.from("ab"), length: 70_000 });
    assert.equal(lie.toString("hex"), "01117003010000000561" + "62");
  });
});
