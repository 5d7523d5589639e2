import assert from "node:assert/strict";
import path from "node:path";
import { ScoringService } from "../../../scoring-image/src/app";
import { loadSettings } from "../../../scoring-image/src/settings";
import { createLogger } from "../../../scoring-image/src/telemetry/logger";
import { dist } from "../../support/paths";
import { plainJpeg } from "../../support/pictures";
import { startService } from "../../support/service";
import { tinyPackage } from "../../support/tinyModel";

describe("protocols/health", () => {
  it("is open, alive and ready", async () => {
    const running = await startService({ MODEL_DIR: tinyPackage("mean-colour") });
    const get = async (at: string) => {
      const response = await fetch(`${running.url}${at}`);
      return [response.status, await response.text()];
    };
    assert.deepEqual(await get("/"), [200, "Healthy"]);
    assert.deepEqual(await get("/v2/health/live"), [200, '{"live":true}']);
    assert.deepEqual(await get("/v2/health/ready"), [200, '{"ready":true}']);
    await running.stop();
  });

  it("is alive but neither ready nor scoring until the model is warm", async () => {
    const port = 20_000 + (process.pid % 20_000);
    const settings = loadSettings({
      MODEL_DIR: tinyPackage("slow"),
      PORT: String(port),
      METRICS_PORT: "0",
      INSTANCES: "1",
      AUTH: "none",
    });
    const service = new ScoringService({
      settings,
      logger: createLogger("silent"),
      workerEntry: path.join(dist, "sessionWorker.js"),
    });
    const starting = service.start();
    const url = `http://127.0.0.1:${port}`;
    const root = await answering(url);
    assert.equal(root.status, 200);
    const ready = await fetch(`${url}/v2/health/ready`);
    assert.deepEqual([ready.status, await ready.json()], [503, { ready: false }]);
    const score = await fetch(`${url}/score`, { method: "POST", body: plainJpeg([1, 1, 1]) });
    assert.deepEqual([score.status, score.headers.get("retry-after")], [503, "1"]);
    assert.match(await score.text(), /"code":"NOT_READY"/);
    await starting;
    assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
    await service.stop();
  });
});

/** Asks until the port is open. */
async function answering(url: string): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
