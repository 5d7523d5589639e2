import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { connect, echoClient, post, rawCall, startEcho } from "../../support/echoServer";
import { until } from "../../support/until";

const request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

/** A GOAWAY that asks for no new calls and refuses none. */
const announcement = [http2.constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1];

describe("connections/frontDoor", () => {
  let server: Awaited<ReturnType<typeof startEcho>>;
  afterEach(() => server.close());

  it("serves HTTP/1.1 and gRPC on one port", async () => {
    server = await startEcho();
    const client = echoClient(server.port);
    assert.equal(await post(server.port, "over HTTP"), "over HTTP");
    assert.equal(await client.call("over gRPC"), "over gRPC");
    assert.equal(await post(server.port, "again"), "again");
    client.close();
  });

  it("serves both on the second port too", async () => {
    server = await startEcho({ grpcPort: 0 });
    const client = echoClient(server.secondPort);
    assert.notEqual(server.secondPort, server.port);
    assert.equal(await client.call("over gRPC"), "over gRPC");
    assert.equal(await post(server.secondPort, "over HTTP"), "over HTTP");
    client.close();
  });

  it("waits for a client that sends one byte at a time", async () => {
    server = await startEcho();
    const slow = await connect(server.port);
    for (const byte of request) {
      slow.socket.write(byte);
      await delay(0);
    }
    assert.match(
      await slow.ended,
      /^HTTP\/1\.1 200 OK[^]*h\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n$/,
    );
  });

  it("knows the HTTP/2 preface when it comes byte by byte", async () => {
    server = await startEcho();
    const slow = await connect(server.port);
    for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
      slow.socket.write(byte, "latin1");
      await delay(0);
    }
    slow.socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    await until(() => slow.received().length >= 9);
    // A SETTINGS frame (type 4) on stream 0 is how an HTTP/2 server begins.
    assert.equal(slow.received().charCodeAt(3), 4);
    slow.socket.destroy();
  });

  for (const [what, bytes] of [
    ["what only begins like HTTP/2", "PRIVATE / HTTP/1.1\r\n\r\n"],
    ["noise", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no TLS here\r\n\r\n"],
  ] as const) {
    it(`answers ${what} as HTTP/1.1 does`, async () => {
      server = await startEcho();
      const odd = await connect(server.port);
      odd.socket.write(bytes, "latin1");
      assert.match(await odd.ended, /^HTTP\/1\.1 (400|505) /);
    });
  }

  it("closes silent connections in time, and those alone", async () => {
    server = await startEcho({ handshakeTimeoutMs: 500 });
    const silent = await connect(server.port);
    const half = await connect(server.port);
    half.socket.write("PRI * HT");
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await post(server.port, "first", agent), "first");
    const [socket] = Object.values(agent.freeSockets).flat();
    assert.deepEqual(await Promise.all([silent.ended, half.ended]), ["", ""]);
    await delay(100);
    assert.equal(await post(server.port, "second", agent), "second");
    assert.equal(Object.values(agent.freeSockets).flat()[0], socket);
    agent.destroy();
  });

  it("lets a client go that leaves before it has said anything", async () => {
    server = await startEcho();
    const fleeting = await connect(server.port);
    fleeting.socket.end();
    assert.equal(await fleeting.ended, "");
    const reset = await connect(server.port);
    reset.socket.resetAndDestroy();
    await reset.ended;
    assert.equal(await post(server.port, "still there"), "still there");
  });

  it("closes an HTTP connection with the first answer after its age", async () => {
    server = await startEcho({ connectionMaxAgeMs: 1000 });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await post(server.port, "young", agent);
    const [young] = Object.values(agent.freeSockets).flat();
    assert.ok(young, "a young connection is kept");
    const closed = once(young, "close");
    await delay(1200);
    await post(server.port, "old", agent);
    await closed;
    assert.deepEqual(Object.values(agent.freeSockets).flat(), []);
    agent.destroy();
  });

  it("asks gRPC clients of a certain age to connect anew, and finishes their calls", async () => {
    server = await startEcho({ connectionMaxAgeMs: 150, delayMs: 300 });
    const raw = rawCall(server.port);
    const client = echoClient(server.port);
    assert.equal(
      await client.call("older than its connection may be"),
      "older than its connection may be",
    );
    assert.equal(await client.call("over a new one"), "over a new one");
    assert.deepEqual(raw.announced[0], announcement);
    client.close();
    raw.close();
  });

  it("ends a gRPC connection of a certain age that never had a call", async () => {
    server = await startEcho({ connectionMaxAgeMs: 100 });
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    const [code] = (await once(session, "goaway")) as [number];
    assert.equal(code, http2.constants.NGHTTP2_NO_ERROR);
    await once(session, "close");
  });

  it("drains: calls of both protocols end, silent connections are not waited for", async () => {
    server = await startEcho({ delayMs: 300, grpcPort: 0 });
    const client = echoClient(server.secondPort);
    const silent = await connect(server.port);
    const raw = rawCall(server.port);
    const call = client.call("accepted");
    await until(() => server.begun() === 2);
    const drained = server.door.drain(10_000);
    assert.equal(await call, "accepted");
    await raw.ended;
    // Naming the last call at once would refuse those that are on their way.
    assert.deepEqual(raw.announced[0], announcement);
    assert.equal(await drained, true);
    assert.equal(await silent.ended, "");
    await assert.rejects(post(server.port, "late"), { code: "ECONNREFUSED" });
    client.close();
  });

  it("does not wait for a connection that says what it speaks when the gRPC server has shut", async () => {
    server = await startEcho();
    const late = await connect(server.port);
    const drained = server.door.drain(10_000);
    await delay(50);
    late.socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert.equal(await late.ended, "");
    assert.equal(await drained, true);
  });

  it("cuts off what is not finished within the grace period", async () => {
    server = await startEcho({ delayMs: 10_000 });
    const client = echoClient(server.port);
    const call = client.call("never answered");
    await until(() => server.begun() === 1);
    assert.equal(await server.door.drain(100), false);
    await assert.rejects(call, { code: 14 });
    client.close();
  });
});
