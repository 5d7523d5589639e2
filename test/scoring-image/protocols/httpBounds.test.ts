import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { gzipSync } from "node:zlib";
import { connect } from "../../support/echoServer";
import { plainJpeg } from "../../support/pictures";
import { authorization, startService, type RunningService } from "../../support/service";
import { tinyPackage } from "../../support/tinyModel";
import { until } from "../../support/until";

const megabyte = 2 ** 20;

describe("protocols/http, what callers may take", () => {
  let running: RunningService;
  const port = () => Number(new URL(running.url).port);
  /** Sends a text on a connection of its own. @returns all that came back until the server closed it */
  const exchange = async (text: string) => {
    const client = await connect(port());
    client.socket.write(text);
    return client.ended;
  };
  const held = () => running.metric("scoring_held_bytes");

  before(async () => {
    running = await startService({
      MODEL_DIR: tinyPackage("mean-colour"),
      MAX_BODY_BYTES: String(megabyte),
      MAX_HELD_BYTES: String(2 * megabyte),
      BODY_TIMEOUT_MS: "3000",
    });
  });
  after(() => running.stop());

  it("ends a connection that brings more requests than it may without reading", async () => {
    const answers = await exchange("GET /swagger.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(17));
    assert.ok((answers.match(/HTTP\/1.1 200 OK/g)?.length ?? 0) < 17);
    assert.equal((await fetch(running.url)).status, 200);
  });

  it("does not even look at the requests behind those", async () => {
    let seen = 0;
    const count = () => seen++;
    subscribe("http.server.request.start", count);
    await exchange("GET /swagger.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000));
    unsubscribe("http.server.request.start", count);
    assert.equal(seen, 17);
  });

  it("answers as many requests of a connection at a time as it may bring", async () => {
    const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const answers = await exchange(
      get.repeat(15) + get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    );
    assert.equal(answers.match(/HTTP\/1.1 200 OK/g)?.length, 16);
  });

  it("refuses a body when others hold all that may be held, and has room again when they have gone", async () => {
    const uploads = await Promise.all([1, 2].map(() => connect(port())));
    const length = megabyte - 10_000;
    for (const { socket } of uploads) {
      socket.write(
        `POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: ${megabyte}\r\n\r\n`,
      );
      socket.write(Buffer.alloc(length));
    }
    await until(async () => (await held()) > 1.9 * megabyte);
    const refused = await running.post(Buffer.alloc(200_000));
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, "TOO_MANY_BYTES");
    assert.match(
      error.message,
      /^Too many requests: \d+ bytes of others are being handled already\.$/,
    );
    for (const { socket } of uploads) socket.destroy();
    await until(async () => (await held()) === 0);
    assert.equal((await running.post(plainJpeg([1, 2, 3]))).status, 200);
  });

  it("counts what a compressed body becomes, and what many small pieces of one take", async () => {
    const inflated = await running.post(gzipSync(Buffer.alloc(megabyte - 1)), {
      headers: { "content-encoding": "gzip" },
    });
    // It fits, and is no picture.
    assert.equal(inflated.status, 400);
    const crumbs = "1\r\nx\r\n".repeat(10_000);
    const answer = await exchange(
      `POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\nTransfer-Encoding: chunked\r\n\r\n${crumbs}0\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1.1 503 [^]*TOO_MANY_BYTES/);
  });

  it("takes 64 connections to the metrics port and no more", async () => {
    const metricsPort = Number(new URL(running.metricsUrl).port);
    const clients = await Promise.all(Array.from({ length: 64 }, () => connect(metricsPort)));
    assert.equal(await (await connect(metricsPort)).ended, "");
    for (const { socket } of clients) socket.destroy();
    await until(() =>
      held().then(
        () => true,
        () => false,
      ),
    );
  });

  it("refuses more pictures than a request may have", async () => {
    const instances = Array.from({ length: 65 }, () => ({
      b64: Buffer.from(plainJpeg([1, 2, 3])).toString("base64"),
    }));
    const path = "/v1/models/mean-colour:predict";
    const answer = await running.post(JSON.stringify({ instances }), { path });
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), {
      error: "The request holds 65 pictures; it must hold 1 to 64.",
    });
  });

  it("asks for a body only when the key is right", async () => {
    const head = (key: string) =>
      `POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nAuthorization: ${key}\r\nContent-Length: 5\r\n\r\n`;
    assert.match(await exchange(head("Bearer wrong")), /^HTTP\/1.1 401 /);
    const client = await connect(port());
    client.socket.write(head(authorization));
    await until(() => client.received() === "HTTP/1.1 100 Continue\r\n\r\n");
    client.socket.write("hello");
    assert.match(await client.ended, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /);
  });

  it("refuses a request with two hosts", async () => {
    const answer = await exchange(
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    );
    assert.match(answer, /^HTTP\/1.1 400 [^]*The request has more than one Host header\./);
  });

  it("answers methods that it has never heard of without a fault of its own", async () => {
    const answer = await exchange("QUERY /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.match(answer, /^HTTP\/1.1 404 [^]*There is nothing at QUERY \/x\./);
  });

  it("says in the Open Inference Protocol's words that there is nothing at a path of it", async () => {
    const answer = await fetch(`${running.url}/v2/repository/index`, {
      method: "POST",
      headers: { authorization },
    });
    assert.equal(answer.status, 404);
    assert.deepEqual(await answer.json(), {
      error: "There is nothing at POST /v2/repository/index.",
    });
  });
});
