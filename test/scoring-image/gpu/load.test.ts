import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ClosedLoop } from "../../../scoring-image/gpu/load/closedLoop";
import { requestBytes } from "../../../scoring-image/gpu/load/connection";
import { openLoop } from "../../../scoring-image/gpu/load/openLoop";
import { roughLoad } from "../../../scoring-image/gpu/load/roughLoad";

/**
 * Answers what it was sent after 5 ms; bodies of `bad` with 400, and of `last` it closes the
 * connection.
 */
async function withServer(
  test: (target: { port: number; host: string }, log: readonly string[]) => Promise<void>,
): Promise<void> {
  const log: string[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      log.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      const closing = body === "last" ? { connection: "close" } : {};
      const status = body === "bad" ? 400 : 200;
      setTimeout(
        () => response.writeHead(status, { ...closing, "content-length": 2 }).end("ok"),
        5,
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await test({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }, log);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const request = (body: string) => requestBytes("/score", "key", Buffer.from(body));

describe("gpu/ the load generator", () => {
  it("sends each client's next request when the last has been answered", () =>
    withServer(async (target, log) => {
      const answered: number[] = [];
      const loop = new ClosedLoop(target, [request("a"), request("b")], (_, i) => answered.push(i));
      const [one, three] = await loop.run([
        { clients: 1, ms: 100 },
        { clients: 3, ms: 100 },
      ]);
      assert.deepEqual(log.slice(0, 2), ["POST /score Bearer key a", "POST /score Bearer key b"]);
      assert.deepEqual(Object.keys(one?.counts ?? {}), ["200"]);
      assert(one && three && one.latenciesMs.every((ms) => ms >= 4));
      // 5 ms and more each: at most 20 by one client in 100 ms, and 60 by three.
      assert(one.latenciesMs.length >= 2 && one.latenciesMs.length <= 20);
      assert(three.latenciesMs.length > one.latenciesMs.length && three.latenciesMs.length <= 60);
      assert.equal(answered.length, log.length);
    }));

  it("counts refusals apart, and connects anew where the server closes", () =>
    withServer(async (target) => {
      const requests = [request("bad"), request("last"), request("a")];
      const [found] = await new ClosedLoop(target, requests).run([{ clients: 2, ms: 200 }]);
      assert.deepEqual(Object.keys(found?.counts ?? {}).sort(), ["200", "400"]);
      assert.equal(found?.latenciesMs.length, found?.counts["200"]);
    }));

  it("counts connections that fail by their reason", async () => {
    const target = { port: 1, host: "127.0.0.1" };
    const [found] = await new ClosedLoop(target, [request("a")]).run([{ clients: 1, ms: 50 }]);
    assert.deepEqual(Object.keys(found?.counts ?? {}), ["connect ECONNREFUSED 127.0.0.1:1"]);
  });

  it("sends requests when they are due, whatever is under way", () =>
    withServer(async (target, log) => {
      const found = await openLoop(target, [request("a")], { perSecond: 400, ms: 500, seed: 1 });
      assert.equal(found.counts["200"], log.length);
      // 200 are due; one client alone could send at most 100.
      assert(log.length > 150 && log.length < 250, String(log.length));
      assert(found.elapsedMs < 700, String(found.elapsedMs));
    }));

  it("mixes bad requests and callers that depart", () =>
    withServer(async (target) => {
      const load = { ms: 200, seed: 1, good: 2, bad: 1, departing: 2 };
      const found = await roughLoad(target, [request("a")], [request("bad")], load);
      await delay(20);
      assert.deepEqual(Object.keys(found.good.counts), ["200"]);
      assert.deepEqual(Object.keys(found.bad.counts), ["400"]);
      assert(found.departed > 5);
    }));
});
