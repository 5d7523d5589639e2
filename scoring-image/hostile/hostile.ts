/** `npm run hostile`: the server under attack, an attack at a time, with claims of what it must withstand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { machine, pinSelf } from "../soak/pinning";
import { killServers } from "../soak/server";
import { attacks } from "./attacks";
import { MemoryGroup } from "./memoryGroup";
import { complaints, failures, table, type Judged } from "./report";
import { siege } from "./siege";
import { trustVictims, type Ground } from "./victim";

const usage = `npm run hostile -- [options]
  --only NAMES    only attacks whose name contains one of these, separated by commas
  --json FILE     write what was seen to FILE
  --keep-going    go on after an attack that did harm
  --recovery S    how long the server may take to give back what an attack took, in seconds (default: 60)
  --seed N        of what is random (default: 1)
  --list          say what the attacks are, and end`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    json: { type: "string" },
    "keep-going": { type: "boolean", default: false },
    recovery: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** What the Deployment gives the smallest of its servers. */
const memoryLimitBytes = 2 ** 30;

const image = path.join(__dirname, "..");
const dist = path.join(image, "dist");
const samples = ["cat", "espresso", "palace", "spaniels", "valley"];

const print = (line = "") => process.stdout.write(`${line}\n`);

async function prepare(): Promise<Ground> {
  await build({
    entryPoints: [path.join(__dirname, "attacker.ts")],
    outdir: path.join(dist, "hostile"),
    ...{ bundle: true, platform: "node", packages: "external" },
  });
  trustVictims();
  return {
    dist,
    folder: mkdtempSync(path.join(os.tmpdir(), "hostile-")),
    core: pinSelf(),
    group: MemoryGroup.create(memoryLimitBytes),
    photographs: samples.map((name) => ({
      name,
      bytes: readFileSync(path.join(image, "..", "samples", `${name}.jpg`)),
    })),
  };
}

/** @throws Error when an option cannot be what it is */
function read() {
  const [recoverySeconds, seed] = [Number(values.recovery), Number(values.seed)];
  if (!(recoverySeconds >= 0))
    throw new RangeError(`--recovery is "${values.recovery}": give seconds, 0 or more`);
  if (!Number.isInteger(seed))
    throw new RangeError(`--seed is "${values.seed}": give a whole number`);
  const names = values.only.split(",").map((name) => name.trim());
  const chosen = attacks.filter(({ name }) => names.some((one) => name.includes(one)));
  if (chosen.length === 0)
    throw new RangeError(`--only is "${values.only}": no attack is called so; see --list`);
  return { recoverySeconds, seed, chosen };
}

async function main(): Promise<void> {
  if (values.help) {
    print(usage);
    return;
  }
  const { chosen, ...plan } = read();
  if (values.list) {
    for (const { name, what } of chosen) print(`${name}: ${what}`);
    return;
  }
  const ground = await prepare();
  const limit = ground.group ? "1 GiB" : "none, since no control group may be made";
  print(`${machine(ground.core)}; memory limit of the server: ${limit}; seed ${plan.seed}\n`);
  const judged: Judged[] = [];
  try {
    for await (const one of siege(ground, chosen, { ...plan, dist })) {
      judged.push(one);
      print([one.finding.name, ...complaints(one)].join("\n"));
      if (failures(one).length > 0 && !values["keep-going"]) break;
    }
  } finally {
    ground.group?.remove();
    rmSync(ground.folder, { recursive: true });
  }
  print(`\n${table(judged)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(judged, null, 2)}\n`);
  const failed = judged.flatMap(failures).length;
  const held = judged.flatMap(({ checks }) => checks).filter(({ holds }) => holds).length;
  const minutes = (performance.now() / 60_000).toFixed(1);
  print(`${held} claims held, ${failed} failed, of ${judged.length} attacks in ${minutes} minutes`);
  if (failed > 0) process.exitCode = 1;
}

main()
  .catch((error: unknown) => {
    const isUsage = error instanceof RangeError;
    process.stderr.write(
      isUsage
        ? `${error.message}\n\n${usage}\n`
        : `${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = isUsage ? 2 : 1;
  })
  .finally(killServers);
