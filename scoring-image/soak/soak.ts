/** `npm run soak`: the server under load, faults and hostile clients, with a report. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { Client } from "./load";
import { machine, pinSelf } from "./pinning";
import { Random } from "./random";
import { markdown, verdicts, type Report } from "./report";
import type { Scenario, Soak } from "./scenario";
import { killServers, Server, type ServerOptions } from "./server";
import { clockJump } from "./scenarios/clockJump";
import { endurance } from "./scenarios/endurance";
import { fullDisk } from "./scenarios/fullDisk";
import { hostileClients } from "./scenarios/hostileClients";
import { capacity, overload } from "./scenarios/overload";
import { killed, rollingUpdate } from "./scenarios/restarts";
import { rotation } from "./scenarios/rotation";
import { spreading } from "./scenarios/spreading";
import { laneLoss } from "./scenarios/laneLoss";

const usage = `npm run soak -- [options]
  --minutes N     about how long to run (default: 3)
  --seed S        of arrivals, pictures and faults (default: 1)
  --report FILE   where to write the report: FILE.md and FILE.json (default: soak-report in scoring-image/dist)
  --only TEXT     only scenarios whose name contains it; capacity is always measured, and the last takes the time that is left
  --figures       a missed figure (speed, memory) does not fail the run, as on a shared machine`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
    only: { type: "string", default: "" },
    figures: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const scenarios: readonly Scenario[] = [
  capacity,
  overload,
  laneLoss,
  hostileClients,
  rollingUpdate,
  killed,
  spreading,
  rotation,
  clockJump,
  fullDisk,
  endurance,
];

const image = path.join(__dirname, "..");
const dist = path.join(image, "dist");
const samples = ["cat", "espresso", "palace", "spaniels", "valley"];

const print = (line = "") => process.stdout.write(`${line}\n`);

async function prepare(seed: number, core: number | undefined): Promise<Soak> {
  await build({
    entryPoints: [path.join(__dirname, "faultHooks.ts")],
    outdir: path.join(dist, "soak"),
    bundle: true,
    platform: "node",
  });
  const folder = mkdtempSync(path.join(os.tmpdir(), "soak-"));
  const startServer = (options: Partial<ServerOptions> = {}) =>
    Server.start({
      entry: path.join(dist, "main.js"),
      core,
      log: path.join(folder, "server.log"),
      ...options,
    });
  const hooks = `--require=${path.join(dist, "soak", "faultHooks.js")}`;
  const random = new Random(seed);
  const client = new Client(random);
  const server = await startServer({ env: { NODE_OPTIONS: hooks } });
  const photographs = samples.map((name) =>
    readFileSync(path.join(image, "..", "samples", `${name}.jpg`)),
  );
  await client.learn(server, photographs);
  return {
    server,
    client,
    random,
    folder,
    photograph: photographs[0] as Buffer,
    capacity: NaN,
    startServer,
    endLanes: ({ child }) => child.kill("SIGUSR2"),
  };
}

async function runAll(minutes: number, seed: number): Promise<Report> {
  const begun = performance.now();
  const core = pinSelf();
  const soak = await prepare(seed, core);
  const report = { seed, minutes, startedAt: new Date().toISOString(), machine: machine(core) };
  const findings: Report["scenarios"][number][] = [];
  const chosen = scenarios.filter(({ name }) => name === "capacity" || name.includes(values.only));
  for (const [i, { name, share, run }] of chosen.entries()) {
    print(`${name} ...`);
    const started = performance.now();
    const left = 60 * minutes - (started - begun) / 1000;
    const isLast = i === chosen.length - 1;
    const finding = await run(soak, Math.max(60 * minutes * share, isLast ? left : 0));
    findings.push({ name, seconds: (performance.now() - started) / 1000, ...finding });
  }
  await soak.server.stop();
  rmSync(soak.folder, { recursive: true });
  return { ...report, scenarios: findings };
}

async function main(): Promise<void> {
  if (values.help) {
    print(usage);
    return;
  }
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    process.stderr.write(`--minutes must be a positive number, --seed a whole one\n\n${usage}\n`);
    process.exitCode = 2;
    return;
  }
  const report = await runAll(minutes, seed);
  const file = values.report ?? path.join(dist, "soak-report");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${file}.md`, markdown(report));
  print(`\n${markdown(report)}`);
  print(`written to ${file}.md and ${file}.json`);
  const { missed, failed } = verdicts(report);
  if (failed > 0 || (missed > 0 && !values.figures)) process.exitCode = 1;
}

main()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(killServers);
