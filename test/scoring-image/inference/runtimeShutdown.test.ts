import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { EmulatedFpga } from "../../support/emulatedFpga";
import { manifestAlone } from "../../support/fpgaService";
import { plainJpeg } from "../../support/pictures";
import {
  killProcesses,
  queueLength,
  startProcess,
  type ServerProcess,
} from "../../support/serverProcess";
import { until } from "../../support/until";

const key = "key-of-the-shutdown-tests";

/** Far below every wait that the server could be caught in: 10 s for an answer to a question, 60 s for one to a request. */
const patientMs = 8000;

/** Listens, but may not be ready: until then its log alone has the address. */
async function listening(env: Record<string, string>) {
  const server = startProcess({
    ...{ PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key, MODEL_DIR: manifestAlone() },
    ...env,
  });
  await until(() => {
    assert.equal(server.child.exitCode, null, server.output());
    return server.output().includes('"msg":"listening"');
  });
  return server;
}

/** Status, or "cut off", of a request that nobody answers by itself. */
const score = (url: string) =>
  fetch(`${url}/score`, {
    method: "POST",
    body: plainJpeg([1, 2, 3]),
    headers: { authorization: `Bearer ${key}` },
  }).then(
    ({ status }) => status,
    () => "cut off",
  );

/** Sends SIGTERM. @returns exit code, and the milliseconds until then */
async function stop({ child, ended }: ServerProcess): Promise<{ code: number | null; ms: number }> {
  const started = performance.now();
  child.kill("SIGTERM");
  const [code] = await ended;
  return { code, ms: performance.now() - started };
}

describe("inference/runtime, SIGTERM while it hangs", () => {
  let fpga: EmulatedFpga;

  beforeEach(async () => {
    fpga = new EmulatedFpga();
    await fpga.start();
  });

  afterEach(() => {
    killProcesses();
    fpga.die();
  });

  /** A server with one request at the FPGA, which hangs, and two behind it. */
  async function hanging(env: Record<string, string>) {
    const runtime = { RUNTIME_ADDRESS: fpga.address, MAX_QUEUE_WAIT_MS: "30000" };
    const server = await listening({ ...runtime, ...env });
    const url = await server.url;
    fpga.hang();
    const before = fpga.timesLeft.length;
    const answers = [1, 2, 3].map(() => score(url));
    await until(async () => fpga.timesLeft.length > before && (await queueLength(server)) === 2);
    return { server, answers };
  }

  it("answers what was accepted at its deadline, then exits with 0", async () => {
    const { server, answers } = await hanging({ SCORING_TIMEOUT_MS: "1500" });
    const { code, ms } = await stop(server);
    assert.deepEqual(await Promise.all(answers), [504, 504, 504]);
    assert.equal(code, 0, server.output());
    assert.ok(ms < patientMs, `${ms} ms`);
  });

  it("exits with 1 when the grace period is over, though the runtime has a call with a later deadline", async () => {
    const { server, answers } = await hanging({ SHUTDOWN_GRACE_MS: "1000" });
    const { code, ms } = await stop(server);
    assert.deepEqual(await Promise.all(answers), ["cut off", "cut off", "cut off"]);
    assert.equal(code, 1, server.output());
    assert.ok(ms >= 1000 && ms < patientMs, `${ms} ms`);
    await until(() => fpga.cancelled === 1);
  });

  it("exits at once while the first run hangs", async () => {
    fpga.hang();
    const server = await listening({ RUNTIME_ADDRESS: fpga.address, MAX_QUEUE_WAIT_MS: "30000" });
    await until(() => fpga.timesLeft.length > 0);
    const { code, ms } = await stop(server);
    assert.equal(code, 0, server.output());
    assert.ok(ms < patientMs, `${ms} ms`);
  });

  it("exits at once while nothing but silence comes from the runtime's port", async () => {
    const silent = net.createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const connected = once(silent, "connection") as Promise<[net.Socket]>;
    const { port } = silent.address() as AddressInfo;
    const server = await listening({ RUNTIME_ADDRESS: `127.0.0.1:${port}` });
    const [socket] = await connected;
    const { code, ms } = await stop(server);
    socket.destroy();
    silent.close();
    assert.equal(code, 0, server.output());
    assert.ok(ms < patientMs, `${ms} ms`);
  });

  it("exits at once while a runtime that served answers no question any more", async () => {
    const server = await listening({ RUNTIME_ADDRESS: fpga.address });
    await server.url;
    fpga.fallSilent();
    // By then it has been asked again.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { code, ms } = await stop(server);
    assert.equal(code, 0, server.output());
    assert.ok(ms < patientMs, `${ms} ms`);
  });
});
