import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { connect, post, startEcho } from "../../support/echoServer";
import { until } from "../../support/until";

describe("connections/bounds", () => {
  let server: Awaited<ReturnType<typeof startEcho>>;
  afterEach(() => server.close());

  it("closes a connection above the bound at once, and takes others when one has gone", async () => {
    server = await startEcho({ maxConnections: 2 });
    const first = await connect(server.port);
    const second = await connect(server.port);
    const third = await connect(server.port);
    assert.equal(await third.ended, "");
    assert.deepEqual([server.door.connections, server.refusals], [2, ["all"]]);
    first.socket.destroy();
    await until(() => server.door.connections === 1);
    assert.equal(await post(server.port, "hello"), "hello");
    second.socket.destroy();
  });

  it("closes a connection above the bound of its address", async () => {
    server = await startEcho({ maxConnectionsPerAddress: 1, grpcPort: 0 });
    const first = await connect(server.port);
    const other = await connect(server.secondPort);
    assert.equal(await other.ended, "");
    assert.deepEqual(server.refusals, ["address"]);
    first.socket.destroy();
    await until(() => server.door.connections === 0);
    assert.equal(await post(server.port, "hello"), "hello");
  });

  it("ends a connection whose client does not read its answer", async () => {
    server = await startEcho({ writeTimeoutMs: 200 });
    const client = await connect(server.port);
    client.socket.pause();
    // More than the kernel's buffers of both sides hold: the server echoes it all.
    const bytes = 64 * 2 ** 20;
    client.socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
    client.socket.write(Buffer.alloc(bytes));
    await until(() => server.refusals.length > 0);
    assert.deepEqual(server.refusals, ["unread"]);
    await until(() => server.door.connections === 0);
    client.socket.destroy();
  });

  it("keeps no socket half open when an HTTP/2 client has gone", async () => {
    server = await startEcho();
    for (let i = 0; i < 20; i++) {
      const session = http2.connect(`http://127.0.0.1:${server.port}`);
      await once(session, "remoteSettings");
      session.close();
      await once(session, "close");
    }
    await until(() => server.door.connections === 0);
  });
});
