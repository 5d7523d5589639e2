/** `npm run bench`: the service against the floor, in one run on one machine. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { readModelPackage } from "../src/model/modelPackage";
import { bareHopMs } from "./bareHop";
import { measureDevice } from "./deviceLoad";
import { measureLargeJson } from "./largeJson";
import { measureProtocols, nestedNumbers } from "./protocols";
import { measure, type BenchResult } from "./measure";
import { race } from "./peers/race";
import { fixed, print, printBench } from "./tables";

// Native code reads it when a worker loads ONNX Runtime; a worker's own environment would not reach it.
process.env.ORT_DISABLE_TELEMETRY = "1";

const root = path.join(__dirname, "..");

const usage = `npm run bench -- [options]
  --model FOLDER     model package to measure; may be repeated (default: the bundled model)
  --image FILE       photograph to score (default: samples/cat.jpg)
  --clients LIST     numbers of clients (default: 1,2,4,8; with --peers to 16, with --device to 256)
  --seconds N        length of each measurement (default: 2)
  --rounds N         rounds; every figure is the median of them (default: 5)
  --device NAME      only measure the service on an emulated device; emulated:h200 is the one there is
  --peers            only race servers of other makers (Python 3.11 or later, which the bench gives
                     virtual environments below RACE_HOME, .local/race unless set)
  --bare             only measure what a bare node:http server with a worker adds to a request
  --protocols        only compare the protocols, for a JPEG and for a decoded tensor of 602 KB
  --json FILE        also write the figures to a file`;

const { values } = parseArgs({
  options: {
    model: {
      type: "string",
      multiple: true,
      default: [path.join(root, "models/efficientnet-lite0")],
    },
    image: { type: "string", default: path.join(root, "../samples/cat.jpg") },
    clients: { type: "string" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
    device: { type: "string" },
    peers: { type: "boolean", default: false },
    bare: { type: "boolean", default: false },
    protocols: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function protocols(entry: string): Promise<void> {
  const calls = 20 * Number(values.seconds) * Number(values.rounds);
  const p50Ms = await measureProtocols(entry, values.image, calls);
  for (const [name, p50] of Object.entries(p50Ms)) print(`${name.padEnd(40)}${fixed(p50)} ms p50`);
  print(
    "\nGET / meanwhile, ms                           p50       p99   longest    probes   longest turn of the loop, its CPU time",
  );
  const probes = await measureLargeJson(entry, values.image, nestedNumbers(), calls / 4);
  for (const [name, { p50, p99, max, probes: count, turns }] of Object.entries(probes))
    print(
      `${name.padEnd(40)}${fixed(p50)} ${fixed(p99)} ${fixed(max)} ${fixed(count, 0)}  ${fixed(turns.wallMs)} ${fixed(turns.cpuMs)}`,
    );
}

/** Packages with native libraries, which cannot be bundled. */
const external = ["onnxruntime-node", "koffi", "sharp", "@julusian/jpeg-turbo"] as const;

/** What is bundled for processes and threads of their own. */
const entries = {
  floorWorker: "floorWorker.ts",
  loopMonitor: "loopMonitor.ts",
  emulatedService: "emulated/service.ts",
  emulatedStageWorker: "emulated/stageWorker.ts",
};

/** Numbers of clients, unless told otherwise those that go with what is measured. */
const clientsOr = (otherwise: string) => (values.clients ?? otherwise).split(",").map(Number);

const write = (results: object) => {
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
};

async function main(): Promise<void> {
  if (values.help) {
    print(usage);
    return;
  }
  if (values.bare) {
    const body = readFileSync(values.image);
    for (const spinMs of [0, 5, 15, 100]) {
      const added = await bareHopMs(body, spinMs, Number(values.seconds));
      print(`a bare server adds ${added.toFixed(2)} ms to a worker that is busy for ${spinMs} ms`);
    }
    return;
  }
  const dist = path.join(root, "dist");
  await build({
    absWorkingDir: path.join(root, "bench"),
    entryPoints: entries,
    outdir: path.join(dist, "bench"),
    bundle: true,
    platform: "node",
    external: [...external],
  });
  if (values.protocols) {
    await protocols(path.join(dist, "main.js"));
    return;
  }
  const common = {
    photograph: path.resolve(values.image),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
  };
  if (values.peers || values.device !== undefined) {
    const [first = ""] = values.model;
    const subject = { ...common, modelDir: path.resolve(first) };
    if (values.peers) {
      const entry = path.join(dist, "main.js");
      write(await race({ ...subject, entry, clients: clientsOr("1,2,4,8,16") }));
      return;
    }
    if (values.device !== "emulated:h200") throw new Error(`there is no device ${values.device}`);
    write(
      await measureDevice({ ...subject, dist, clients: clientsOr("1,2,4,8,16,32,64,128,256") }),
    );
    return;
  }
  const results: Record<string, BenchResult> = {};
  for (const modelDir of values.model) {
    const { name } = readModelPackage(modelDir);
    const result = await measure({
      ...{ ...common, dist, modelDir: path.resolve(modelDir) },
      clients: clientsOr("1,2,4,8"),
    });
    results[name] = result;
    printBench(name, result);
  }
  write(results);
}

void main();
