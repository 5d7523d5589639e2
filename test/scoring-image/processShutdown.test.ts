import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { plainJpeg, sample } from "../support/pictures";
import { killProcesses, queueLength, startProcess } from "../support/serverProcess";
import { colourClassifier, tinyPackage } from "../support/tinyModel";
import { until } from "../support/until";

const key = "key-of-the-process-tests";
const free = { PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key };

describe("the server's process, on SIGTERM", () => {
  afterEach(killProcesses);

  it("answers every accepted of 1,000 requests over 16 connections when SIGTERM comes in the middle", async () => {
    // A busy machine must not make the queue refuse what this test counts.
    const patient = { ...free, MAX_QUEUE_WAIT_MS: "20000" };
    const server = startProcess({ ...patient, MODEL_DIR: colourClassifier("logits") });
    const url = await server.url;
    const statuses: Record<string, number> = {};
    let sent = 0;
    let answered = 0;
    const client = async () => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      while (sent < 1000) {
        sent++;
        const outcome = await request(agent, url);
        statuses[outcome] = (statuses[outcome] ?? 0) + 1;
        if (outcome === "ECONNREFUSED") break;
        if (++answered === 500) server.child.kill("SIGTERM");
      }
      agent.destroy();
    };
    await Promise.all(Array.from({ length: 16 }, client));
    const [code] = await server.ended;
    assert.equal(code, 0);
    assert.ok((statuses["200"] ?? 0) >= 500);
    // Refused connections were never accepted; everything else must have been scored.
    assert.deepEqual(
      Object.keys(statuses).filter((status) => !["200", "ECONNREFUSED"].includes(status)),
      [],
    );
  });

  it("finishes what it is doing when SIGTERM comes, and says meanwhile that it is not ready", async () => {
    const server = startProcess({
      ...free,
      MODEL_DIR: tinyPackage("slow"),
      LANES: "1",
      MAX_QUEUE_WAIT_MS: "60000",
      PRE_STOP_DELAY_MS: "1500",
    });
    const url = await server.url;
    const headers = { authorization: `Bearer ${key}` };
    const score = () =>
      fetch(`${url}/score`, { method: "POST", body: plainJpeg([9, 9, 9]), headers });
    const scorings = [score()];
    server.child.kill("SIGTERM");
    await until(async () => (await fetch(`${url}/v2/health/ready`)).status === 503);
    scorings.push(score(), score());
    assert.equal((await fetch(url)).status, 200);
    for (const scoring of scorings) assert.equal((await scoring).status, 200);
    assert.deepEqual(await server.ended, [0, null]);
  });

  it("drains on SIGHUP too, and is not kept by silent connections to its ports", async () => {
    const server = startProcess({ ...free, MODEL_DIR: tinyPackage("slow"), LANES: "1" });
    const url = await server.url;
    const [, metricsUrl = ""] = /"metricsUrl":"([^"]+)"/.exec(server.output()) ?? [];
    const silent = [url, metricsUrl].map((each) => net.connect(Number(new URL(each).port)));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    const headers = { authorization: `Bearer ${key}` };
    const body = plainJpeg([9, 9, 9]);
    const scoring = fetch(`${url}/score`, { method: "POST", body, headers });
    await until(async () => (await queueLength(server)) === 0);
    server.child.kill("SIGHUP");
    assert.equal((await scoring).status, 200);
    assert.deepEqual(await server.ended, [0, null]);
  });

  it("gives up what is not finished within the grace period, and exits with 1", async () => {
    const server = startProcess({
      ...free,
      MODEL_DIR: tinyPackage("slow"),
      LANES: "1",
      MAX_QUEUE_WAIT_MS: "60000",
      SHUTDOWN_GRACE_MS: "100",
    });
    const url = await server.url;
    const headers = { authorization: `Bearer ${key}` };
    const calls = [1, 2, 3].map(() =>
      fetch(`${url}/score`, { method: "POST", body: plainJpeg([9, 9, 9]), headers }).then(
        ({ status }) => status,
        () => "cut off",
      ),
    );
    await until(async () => (await queueLength(server)) === 2);
    server.child.kill("SIGTERM");
    assert.deepEqual(await Promise.all(calls), ["cut off", "cut off", "cut off"]);
    assert.deepEqual(await server.ended, [1, null]);
    assert.match(server.output(), /requests were cut off by SHUTDOWN_GRACE_MS/);
  });
});

/** Status of one scoring request, or the code of the connection's error. */
function request(agent: http.Agent, url: string): Promise<string> {
  return new Promise((resolve) => {
    const call = http.request(`${url}/score`, {
      method: "POST",
      agent,
      headers: { authorization: `Bearer ${key}` },
    });
    call.on("response", (response) => {
      response.resume().on("end", () => resolve(String(response.statusCode)));
    });
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    call.end(photograph);
  });
}

const photograph = sample("cat.jpg");
