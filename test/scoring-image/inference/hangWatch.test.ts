import assert from "node:assert/strict";
import { EmulatedDevice } from "../../../scoring-image/bench/emulated/device";
import { HangWatch } from "../../../scoring-image/src/inference/hangWatch";
import { createLogger } from "../../../scoring-image/src/telemetry/logger";
import { plainJpeg } from "../../support/pictures";
import { closeRigs, pipelineRig } from "../../support/pipelineRig";
import { tinyPackage } from "../../support/tinyModel";
import { until } from "../../support/until";

const logger = createLogger("silent");
const times = { unreadyMs: 200, fatalMs: 400, intervalMs: 10 };

describe("inference/hangWatch", () => {
  afterEach(closeRigs);

  it("calls the service hanging while a run that nobody waits for goes on, and no longer", async () => {
    const device = new EmulatedDevice({ costs: [[1, 1]], shapeChangeMs: 0, isManual: true });
    const { pipeline, submit } = await pipelineRig(tinyPackage("mean-colour"), { device });
    const watch = new HangWatch(pipeline, logger, () => undefined, { ...times, fatalMs: 1e9 });
    await assert.rejects(submit(plainJpeg([1, 2, 3]), { withinMs: 100 }), {
      code: "DEADLINE_EXCEEDED",
    });
    assert.equal(watch.isHanging, false);
    await until(() => watch.isHanging);
    device.release(1);
    await until(() => !watch.isHanging);
    watch.close();
  });

  it("asks once for the end of the process", async () => {
    const reasons: string[] = [];
    const stuck = { overdueMs: 401 };
    const watch = new HangWatch(stuck, logger, ({ message }) => reasons.push(message), times);
    await until(() => reasons.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(reasons, ["a run has not returned 400 ms after it was given up"]);
    assert.equal(watch.isHanging, true);
  });
});
