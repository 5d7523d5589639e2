import assert from "node:assert/strict";
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
    const running = await startService({ MODEL_DIR: tinyPackage("slow") }, { isLoaded: false });
    const { url, loaded } = running;
    const root = await fetch(url);
    assert.equal(root.status, 200);
    const ready = await fetch(`${url}/v2/health/ready`);
    assert.deepEqual([ready.status, await ready.json()], [503, { ready: false }]);
    const score = await running.post(plainJpeg([1, 1, 1]));
    assert.deepEqual([score.status, score.headers.get("retry-after")], [503, "1"]);
    assert.match(await score.text(), /"code":"NOT_READY"/);
    await loaded;
    assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
    await running.stop();
  });
});
