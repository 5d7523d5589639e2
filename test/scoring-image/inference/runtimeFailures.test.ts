import assert from "node:assert/strict";
import { EmulatedFpga } from "../../support/emulatedFpga";
import { codeOf, isReady, manifestAlone, programming, score } from "../../support/fpgaService";
import { startService, type RunningService } from "../../support/service";
import { until } from "../../support/until";

/** gRPC's numbers of the statuses that the FPGA answers here. */
const status = { unknown: 2, resourceExhausted: 8, internal: 13 } as const;

describe("inference/runtime, what it answers instead of scores", () => {
  let fpga: EmulatedFpga;
  let service: RunningService;

  async function serve(env: Record<string, string> = {}) {
    fpga = new EmulatedFpga();
    await fpga.start();
    service = await startService({
      ...{ MODEL_DIR: manifestAlone(), MAX_QUEUE_WAIT_MS: "30000" },
      ...{ RUNTIME_ADDRESS: fpga.address, ...env },
    });
  }

  afterEach(async () => {
    fpga.die();
    await service.stop();
  });

  it("sends a picture that ends the runtime a second time and no third", async () => {
    await serve();
    const before = fpga.timesLeft.length;
    fpga.diesOfRequests = true;
    const answer = score(service, [1, 2, 3]);
    for (const sent of [1, 2]) {
      await until(() => fpga.timesLeft.length === before + sent);
      await until(async () => !(await isReady(service)));
      await fpga.start();
    }
    const { status: http, retryAfter, body } = await answer;
    assert.deepEqual([http, retryAfter, codeOf({ body })], [503, "1", "NOT_READY"]);
    // A third sending would have ended it once more.
    assert.equal(fpga.timesLeft.length, before + 2);
    fpga.diesOfRequests = false;
    await until(() => isReady(service));
    assert.equal((await score(service, [1, 2, 3])).status, 200);
    assert.equal(fpga.timesLeft.length, before + 3);
  });

  it("asks a busy runtime again for as long as the queue may wait, then says QUEUE_FULL", async () => {
    await serve({ MAX_QUEUE_WAIT_MS: "1500" });
    const before = fpga.timesLeft.length;
    fpga.refusal = { code: status.resourceExhausted, details: "The FPGA has a request." };
    const answer = await score(service, [1, 2, 3]);
    assert.deepEqual([answer.status, answer.retryAfter], [503, "1"]);
    assert.equal(codeOf(answer), "QUEUE_FULL");
    assert.ok(fpga.timesLeft.length - before >= 4, `${fpga.timesLeft.length - before} times`);
    assert.equal(await isReady(service), true);
  });

  for (const refusal of [
    { code: status.internal, details: "the network has failed" },
    { code: status.unknown, details: "RuntimeError: no such layer" },
    { code: status.resourceExhausted, details: "Received message larger than max (602192 vs 4)" },
  ]) {
    it(`does not ask again when it says ${refusal.code} "${refusal.details}": MODEL_FAILED, and goes on`, async () => {
      await serve();
      const before = fpga.timesLeft.length;
      fpga.refusal = refusal;
      const answer = await score(service, [1, 2, 3]);
      assert.deepEqual([answer.status, codeOf(answer)], [502, "MODEL_FAILED"]);
      assert.doesNotMatch(JSON.stringify(answer.body), /network|layer|larger/);
      assert.equal(fpga.timesLeft.length, before + 1);
      fpga.refusal = undefined;
      assert.equal((await score(service, [1, 2, 3])).status, 200);
      assert.equal(await service.metric("scoring_runtime_losses_total"), 0);
    });
  }

  it("is not ready while the FPGA is programmed again behind a connection that holds", async () => {
    await serve();
    fpga.reprogram(Infinity);
    await until(async () => !(await isReady(service)));
    const { status: http, body } = await score(service, [1, 2, 3]);
    assert.equal(http, 503);
    assert.equal((body as { error: { message: string } }).error.message, programming);
    fpga.reprogram(0);
    await until(() => isReady(service));
    assert.equal((await score(service, [1, 2, 3])).status, 200);
  });

  it("is not ready while the runtime says that it is not, whatever it says of its model", async () => {
    await serve();
    fpga.isServerReady = false;
    await until(async () => !(await isReady(service)));
    fpga.isServerReady = true;
    await until(() => isReady(service));
  });

  it("is not ready once the runtime has said nothing for ten seconds, and serves when it speaks again", async () => {
    await serve();
    fpga.fallSilent();
    const started = performance.now();
    await until(async () => !(await isReady(service)));
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds > 9 && seconds < 25, `${seconds} s`);
    assert.equal((await score(service, [1, 2, 3])).status, 503);
    fpga.wake();
    await until(() => isReady(service));
    assert.equal((await score(service, [1, 2, 3])).status, 200);
  });
});
