import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import http2, { type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { gunzipSync } from "node:zlib";
import { call, framed, openSession } from "../../../scoring-image/hostile/grpcCall";
import { post } from "../../../scoring-image/hostile/httpPost";
import { Wire } from "../../../scoring-image/hostile/wire";

const order = { name: "", metricsPort: 0, key: "k", seed: 1, hasKey: true };

/** What `attack` makes of a server, within so many seconds. */
async function against<T>(server: Server, seconds: number, attack: (wire: Wire) => Promise<T>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const wire = new Wire({ ...order, port, seconds });
  try {
    return { found: await attack(wire), report: wire.report };
  } finally {
    server.close();
  }
}

const overHttp = (listener: RequestListener, parts: readonly Buffer[], length?: number) =>
  against(http.createServer(listener), 0.05, (wire) =>
    post(wire, { parts, ...(length === undefined ? {} : { length }) }),
  );

describe("hostile/wire", () => {
  it("tells an answer, a connection that is closed and one that stays open", async () => {
    const answered = await overHttp((_, answer) => answer.writeHead(413).end(), []);
    const closed = await overHttp((incoming) => incoming.socket.destroy(), []);
    const open = await overHttp(() => undefined, [Buffer.from("ab")], 3);
    assert.deepEqual([answered.found, closed.found, open.found], ["413", "closed", "open"]);
  });

  it("counts the bytes that are sent, and sends the key", async () => {
    let keys: string | undefined;
    const body = Buffer.alloc(200_000);
    const { report } = await overHttp(
      (incoming, answer) => {
        keys = incoming.headers.authorization;
        incoming.resume().once("end", () => answer.end());
      },
      [body],
    );
    const head = `POST /score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Length: 200000\r\n\r\n`;
    assert.equal(keys, "Bearer k");
    assert.equal(report.bytesSent, body.length + head.length);
  });

  it("runs as many as asked for, and calls a connection that cannot be had closed", async () => {
    const { report } = await against(http.createServer(), 1, async (wire) => {
      await wire.repeat(3, (index) => Promise.resolve(index < 5 ? "a" : "b"), 7);
      await wire.each(2, () => Promise.reject(new Error("ECONNREFUSED")));
    });
    assert.deepEqual(report.outcomes, { a: 5, b: 2, closed: 2 });
  });
});

/** The outcome of one call that the server treats so. */
const overGrpc = async (treat: (stream: ServerHttp2Stream) => void) => {
  const server = http2.createServer().on("stream", (stream) => {
    stream.on("error", () => undefined);
    treat(stream);
  });
  const parts = [framed(Buffer.from("m"))];
  const { found } = await against(server, 0.05, async (wire) => {
    const session = await openSession(wire);
    const outcome = await call(wire, session, { method: "/a.B/C", parts, ends: true });
    session.destroy();
    return outcome;
  });
  return found;
};

describe("hostile/grpcCall", () => {
  it("tells a status in header or trailer, another answer, a reset stream, a lost connection and silence", async () => {
    assert.equal(await overGrpc((one) => one.respond({ "grpc-status": 16 })), "gRPC 16");
    const trailing = await overGrpc((stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 8 })).end("x");
    });
    assert.equal(trailing, "gRPC 8");
    assert.equal(await overGrpc((one) => one.respond({ ":status": 415 })), "HTTP 415");
    assert.equal(
      await overGrpc((one) => one.close(http2.constants.NGHTTP2_REFUSED_STREAM)),
      "reset",
    );
    assert.equal(await overGrpc((one) => one.session?.destroy()), "closed");
    assert.equal(await overGrpc(() => undefined), "open");
  });

  it("frames messages as the protocol has it, in gzip where asked to", () => {
    assert.equal(framed(Buffer.from("ab")).toString("hex"), "00000000026162");
    const compressed = framed(Buffer.alloc(1000, "a"), true);
    assert.equal(compressed.readUInt8(0), 1);
    assert.equal(compressed.readUInt32BE(1), compressed.length - 5);
    assert.deepEqual(gunzipSync(compressed.subarray(5)), Buffer.alloc(1000, "a"));
  });
});
