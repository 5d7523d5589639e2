/**
 * `npm run verify:runtimes`: the service with a runtime beside it, which nobody here wrote (MLServer, Triton), which is a second instance of the
 * service, or which behaves like an FPGA. Python runtimes are installed from PyPI into virtual environments of their own; needs Python 3.11 or
 * later with venv. RUNTIMES_HOME names their folder (default: `.local/runtimes`); arguments name the parts to run.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { sample } from "../support/pictures";
import { killProcesses } from "../support/serverProcess";
import { temporaryFolder } from "../support/temporaryFolder";
import { fpga } from "./fpgaService";
import { addedLatency } from "./latency";
import { mlserver, ownServer, triton, type Peer } from "./peers";
import { environment, freePort, here, killRuntimes, startRuntime } from "./processes";
import { restartUnderLoad } from "./restart";
import { furthest, startService } from "./service";

const photographs = ["cat.jpg", "espresso.jpg", "palace.jpg"].map(sample);

/** The bound of `docs/runtimes.md` for a tensor of 602 KB over loopback. */
const addedLatencyBoundMs = 1.5;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function scoresAndRestart(peer: Peer): Promise<void> {
  const inProcess = await startService({});
  await inProcess.becomes(true, 60_000);
  const expected = [];
  for (const photograph of photographs) expected.push(await inProcess.score(photograph));
  await inProcess.stop();

  let runtime = peer.start();
  const service = await startService({ RUNTIME_ADDRESS: peer.address });
  try {
    await service.becomes(true, 120_000);
    let distance = 0;
    for (const [i, photograph] of photographs.entries()) {
      const found = await service.score(photograph);
      assert.equal(found.status, 200, JSON.stringify(found.body));
      distance = Math.max(distance, furthest(found, expected[i] as typeof found));
    }
    assert.ok(distance <= 1e-5, `the scores are ${distance} off`);
    say(`${peer.name}: scores at most ${distance.toExponential(1)} from those in process`);
    const report = await restartUnderLoad(service, photographs, expected, {
      kill: () => runtime.kill(),
      start: () => (runtime = peer.start()),
    });
    say(`${peer.name}: killed and started again under load: ${JSON.stringify(report)}`);
  } catch (error) {
    say(runtime.output());
    throw error;
  } finally {
    await service.stop();
    await runtime.kill();
  }
}

/** @param isStrict ends the run when the bound is missed; a machine that is shared misses it, so that only who asks for this part is told so */
async function latency(isStrict: boolean): Promise<void> {
  const addresses = {
    loopback: `127.0.0.1:${await freePort()}`,
    "a Unix socket": `unix:${path.join(temporaryFolder("socket"), "runtime.sock")}`,
  };
  const bin = await environment("mlserver");
  for (const [way, address] of Object.entries(addresses)) {
    const runtime = startRuntime(path.join(bin, "python"), [
      path.join(here, "instant_server.py"),
      address,
    ]);
    const { p50, p95 } = await addedLatency(address);
    await runtime.kill();
    say(`added latency of 602 KB over ${way}: p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms`);
    if (way !== "loopback" || p50 <= addedLatencyBoundMs) continue;
    const missed = `the p50 is above ${addedLatencyBoundMs} ms`;
    if (isStrict) throw new Error(missed);
    say(`missed figure: ${missed}`);
  }
}

const parts: Readonly<Record<string, (isChosen: boolean) => Promise<void>>> = {
  latency,
  fpga,
  own: async () => scoresAndRestart(await ownServer()),
  mlserver: async () => scoresAndRestart(await mlserver()),
  triton: async () => scoresAndRestart(await triton()),
};

async function main(chosen: string[]): Promise<void> {
  for (const [name, part] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    await part(chosen.includes(name));
    say(`passed: ${name}`);
  }
}

main(process.argv.slice(2))
  .catch((error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exitCode = 1;
  })
  .finally(async () => {
    killProcesses();
    await killRuntimes();
  });
