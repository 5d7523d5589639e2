import assert from "node:assert/strict";
import { plainJpeg } from "../../support/pictures";
import { killProcesses, startProcess } from "../../support/serverProcess";
import { tinyPackage } from "../../support/tinyModel";
import { until } from "../../support/until";

const key = "key-of-the-logger-tests";
const free = { PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key, LOG_LEVEL: "debug" };

describe("telemetry/logger", () => {
  afterEach(killProcesses);

  it("serves on when the reader of its log has stopped, counts what it drops, and stops in order", async () => {
    const server = startProcess({ ...free, MODEL_DIR: tinyPackage("mean-colour") });
    const url = await server.url;
    const [, metricsUrl = ""] = /"metricsUrl":"([^"]+)"/.exec(server.output()) ?? [];
    server.child.stdout?.pause();
    // A line of 150 bytes each: the pipe and what is kept hold some 8,000 of them.
    for (let i = 0; i < 200; i++) {
      await Promise.all(Array.from({ length: 60 }, () => fetch(`${url}/v2/health/live`)));
    }
    const headers = { authorization: `Bearer ${key}` };
    const scored = await fetch(`${url}/score`, {
      method: "POST",
      body: plainJpeg([1, 2, 3]),
      headers,
    });
    assert.equal(scored.status, 200);
    const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
    assert.match(metrics, /^scoring_log_lines_dropped_total [1-9]\d*$/m);
    server.child.kill("SIGTERM");
    assert.deepEqual(await server.ended, [0, null]);
  });

  const note = /"lines":[1-9]\d*,"msg":"lines of the log were dropped/;

  it("says how many lines it has dropped when it can write again", async () => {
    const server = startProcess({ ...free, MODEL_DIR: tinyPackage("mean-colour") });
    const url = await server.url;
    server.child.stdout?.pause();
    for (let i = 0; i < 200; i++) {
      await Promise.all(Array.from({ length: 60 }, () => fetch(`${url}/v2/health/live`)));
    }
    server.child.stdout?.resume();
    await until(() => note.test(server.output()));
    server.child.kill("SIGTERM");
    await server.ended;
  });
});
