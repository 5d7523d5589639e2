import { readFileSync } from "node:fs";
import path from "node:path";
import { readModelPackage } from "../src/model/modelPackage";
import { fillingLayouts, Floor } from "./floor";
import { probeDuring, scoreFor, type LoadSummary } from "./load";
import { ServiceProcess } from "./serviceProcess";
import { median, medianOf, quantile, type Summary } from "./stats";

export interface BenchOptions {
  /** Folder of the built bundles. */
  readonly dist: string;
  readonly modelDir: string;
  readonly photograph: string;
  /** Numbers of clients; the first is 1, whose latency is compared with the floor's. */
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
}

/** Service at one number of clients; CPU and memory of the service's process alone. */
export interface ServiceSummary extends LoadSummary {
  readonly cpuMsPerImage: number;
  readonly rssMb: number;
}

export interface BenchResult {
  readonly floor: Summary & { readonly layout: string };
  readonly service: Summary & { readonly byClients: Readonly<Record<string, ServiceSummary>> };
  readonly ratios: {
    readonly p50: number;
    readonly throughput: number;
    readonly p50AddedMs: number;
  };
  readonly health: { readonly p50Ms: number; readonly p99Ms: number; readonly probes: number };
}

/** What one round measured; everything in it is seconds apart, so a noisy moment hits floor and service alike. */
interface Round {
  readonly floor: Summary;
  readonly saturatedFloor: Summary & { readonly layout: string };
  readonly byClients: Readonly<Record<string, ServiceSummary>>;
  readonly probesMs: readonly number[];
}

const threadsPerInstance = 1;

/** Measures floor and service in turns. Every figure is the median of the rounds, the ratios are medians of the rounds' own ratios. */
export async function measure(options: BenchOptions): Promise<BenchResult> {
  const { dist, modelDir, photograph } = options;
  const model = readModelPackage(modelDir);
  const entry = path.join(dist, "bench", "floorWorker.js");
  const layouts = [{ instances: 1, threads: threadsPerInstance }, ...fillingLayouts()];
  const floors: Floor[] = [];
  for (const layout of layouts) floors.push(await Floor.open(entry, model, photograph, layout));
  const service = await ServiceProcess.start(path.join(dist, "main.js"), {
    MODEL_DIR: modelDir,
    THREADS_PER_LANE: String(threadsPerInstance),
    // Large models keep eight clients waiting for longer than the default allows.
    MAX_QUEUE_WAIT_MS: "60000",
  });
  await scoreFor(service, readFileSync(photograph), 2, 1);
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) rounds.push(await runRound(options, floors, service));
  await service.stop();
  await Promise.all(floors.map((floor) => floor.close()));
  return combine(rounds);
}

async function runRound(
  { photograph, clients, seconds }: BenchOptions,
  [single, ...filling]: readonly Floor[],
  service: ServiceProcess,
): Promise<Round> {
  const body = readFileSync(photograph);
  const floor = await (single as Floor).run(seconds);
  const byClients: Record<string, ServiceSummary> = {};
  for (const n of clients) byClients[n] = await scoreWithUsage(service, body, n, seconds);
  const saturated = [];
  for (const layout of filling) {
    saturated.push({ ...(await layout.run(seconds)), layout: layout.name });
  }
  const load = scoreFor(service, body, Math.max(...clients), seconds);
  const probesMs = await probeDuring(service, 10, load);
  const best = saturated.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a));
  return { floor, saturatedFloor: best, byClients, probesMs };
}

async function scoreWithUsage(
  service: ServiceProcess,
  body: Buffer,
  clients: number,
  seconds: number,
): Promise<ServiceSummary> {
  const before = await service.usage();
  const summary = await scoreFor(service, body, clients, seconds);
  const after = await service.usage();
  const images = summary.imagesPerSecond * seconds;
  return {
    ...summary,
    cpuMsPerImage: (1000 * (after.cpuSeconds - before.cpuSeconds)) / images,
    rssMb: after.rssBytes / 1e6,
  };
}

const firstOf = ({ byClients }: Round) => Object.values(byClients)[0] as ServiceSummary;

const bestRate = ({ byClients }: Round) =>
  Math.max(...Object.values(byClients).map(({ imagesPerSecond }) => imagesPerSecond));

function combine(rounds: readonly Round[]): BenchResult {
  const over = (figure: (round: Round) => number) => median(rounds.map(figure));
  const probes = rounds.flatMap(({ probesMs }) => probesMs);
  const { cpuMsPerImage: _cpu, rssMb: _rss, ...single } = medianOf(rounds.map(firstOf));
  return {
    floor: {
      ...medianOf(rounds.map(({ floor }) => floor)),
      imagesPerSecond: over(({ saturatedFloor }) => saturatedFloor.imagesPerSecond),
      layout: [...new Set(rounds.map(({ saturatedFloor }) => saturatedFloor.layout))].join(", "),
    },
    service: {
      ...single,
      imagesPerSecond: over(bestRate),
      byClients: Object.fromEntries(
        Object.keys((rounds[0] as Round).byClients).map((clients) => [
          clients,
          medianOf(rounds.map(({ byClients }) => byClients[clients] as ServiceSummary)),
        ]),
      ),
    },
    ratios: {
      p50: over((round) => firstOf(round).p50Ms / round.floor.p50Ms),
      throughput: over((round) => bestRate(round) / round.saturatedFloor.imagesPerSecond),
      p50AddedMs: over((round) => firstOf(round).p50Ms - round.floor.p50Ms),
    },
    health: {
      p50Ms: quantile(probes, 0.5),
      p99Ms: quantile(probes, 0.99),
      probes: probes.length,
    },
  };
}
