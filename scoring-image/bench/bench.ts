/** `npm run bench`: the service against the floor, in one run on one machine. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { readModelPackage } from "../src/model/modelPackage";
import { bareHopMs } from "./bareHop";
import { measureLargeJson } from "./largeJson";
import { measureProtocols, nestedNumbers } from "./protocols";
import { measure, type BenchResult } from "./measure";

// Native code reads it when a worker loads ONNX Runtime; a worker's own environment would not reach it.
process.env.ORT_DISABLE_TELEMETRY = "1";

const root = path.join(__dirname, "..");

const usage = `npm run bench -- [options]
  --model FOLDER     model package to measure; may be repeated (default: the bundled model)
  --image FILE       photograph to score (default: samples/cat.jpg)
  --clients LIST     numbers of clients (default: 1,2,4,8)
  --seconds N        length of each measurement (default: 2)
  --rounds N         rounds; every figure is the median of them (default: 5)
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
    clients: { type: "string", default: "1,2,4,8" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
    bare: { type: "boolean", default: false },
    protocols: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const print = (line = "") => process.stdout.write(`${line}\n`);
const fixed = (value: number, digits = 2) => value.toFixed(digits).padStart(9);

function table(name: string, { floor, service, ratios, health }: BenchResult): void {
  print(`\n${name}`);
  print("                    p50 ms   p95 ms   p99 ms  images/s    run p50  CPU ms/im    RSS MB");
  const row = (
    label: string,
    s: BenchResult["floor"] | BenchResult["service"]["byClients"][string],
  ) =>
    print(
      `${label.padEnd(16)}${fixed(s.p50Ms)}${fixed(s.p95Ms)}${fixed(s.p99Ms)}${fixed(s.imagesPerSecond, 1)} ` +
        ("rssMb" in s ? `${fixed(s.runP50Ms)} ${fixed(s.cpuMsPerImage)} ${fixed(s.rssMb, 0)}` : ""),
    );
  row("floor", floor);
  for (const [clients, summary] of Object.entries(service.byClients)) {
    row(`service, ${clients} cl.`, summary);
  }
  print(
    `floor: p50 one call at a time; images/s of the best layout (instances x threads: ${floor.layout})`,
  );
  print(`p50 at 1 client: floor x ${ratios.p50.toFixed(3)}, + ${ratios.p50AddedMs.toFixed(2)} ms`);
  print(`saturated: ${ratios.throughput.toFixed(3)} x the floor's images/s`);
  print(
    `GET / while saturated: p50 ${health.p50Ms.toFixed(2)} ms, p99 ${health.p99Ms.toFixed(2)} ms (${health.probes} probes)`,
  );
}

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
    entryPoints: ["floorWorker", "loopMonitor"].map((name) =>
      path.join(root, "bench", `${name}.ts`),
    ),
    outdir: path.join(dist, "bench"),
    bundle: true,
    platform: "node",
    external: ["onnxruntime-node", "sharp", "@julusian/jpeg-turbo"],
  });
  if (values.protocols) {
    await protocols(path.join(dist, "main.js"));
    return;
  }
  const results: Record<string, BenchResult> = {};
  for (const modelDir of values.model) {
    const { name } = readModelPackage(modelDir);
    const result = await measure({
      dist,
      modelDir: path.resolve(modelDir),
      photograph: path.resolve(values.image),
      clients: values.clients.split(",").map(Number),
      seconds: Number(values.seconds),
      rounds: Number(values.rounds),
    });
    results[name] = result;
    table(name, result);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}

void main();
