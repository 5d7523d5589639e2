import { readFileSync } from "node:fs";
import path from "node:path";
import { readModelPackage } from "../src/model/modelPackage";
import { fillingLayouts, Floor, type FloorSummary } from "./floor";
import { PipelineFloor } from "./pipelineFloor";
import { probeDuring, scoreFor, type LoadSummary } from "./load";
import { ServiceProcess, usedBetween, type Usage } from "./serviceProcess";
import { median, medianOf, quantile } from "./stats";

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

/** Time of the service for each image in milliseconds. */
export interface TimeByStage {
  /** CPU time of the whole process. */
  readonly cpuMsPerImage: number;
  /** CPU time of the event loop's thread. */
  readonly loopCpuMs: number;
  /** CPU time beside that of the bare loop, which only decodes, resizes and runs. */
  readonly otherMs: number;
  /**
   * Decoding and resizing, running, and answers that a thread has written by themselves: by the clock of these threads, so that on a busy
   * machine waits for a core are in.
   */
  readonly decodeMs: number;
  readonly runMs: number;
  readonly finishMs: number;
}

/** Service at one number of clients; CPU and memory of the service's process alone. */
export interface ServiceSummary extends LoadSummary, TimeByStage {
  readonly rssMb: number;
}

/** Latencies are those of one call at a time; images/s and CPU those of the best layout that fills the cores. */
export type FloorFigures = Readonly<Record<FloorName, FloorSummary>>;

const floorNames = ["decode", "run", "decode + run", "pipeline"] as const;
export type FloorName = (typeof floorNames)[number];

export interface BenchResult {
  readonly floor: FloorFigures & { readonly layout: string };
  readonly service: Readonly<Record<string, ServiceSummary>>;
  readonly ratios: {
    readonly p50: number;
    readonly throughput: number;
    readonly p50AddedMs: number;
  };
  readonly health: { readonly p50Ms: number; readonly p99Ms: number; readonly probes: number };
}

/** What one round measured; everything in it is seconds apart, so a noisy moment hits floor and service alike. */
interface Round {
  readonly floor: FloorFigures;
  readonly layout: string;
  readonly byClients: Readonly<Record<string, ServiceSummary>>;
  readonly probesMs: readonly number[];
}

/** What is measured, opened and warm. */
interface Subjects {
  readonly single: Floor;
  readonly filling: readonly Floor[];
  readonly pipeline: PipelineFloor;
  readonly service: ServiceProcess;
}

/** Measures floors and service in turns. Every figure is the median of the rounds, the ratios are medians of the rounds' own ratios. */
export async function measure(options: BenchOptions): Promise<BenchResult> {
  const subjects = await open(options);
  const { single, filling, pipeline, service } = subjects;
  await scoreFor(service, readFileSync(options.photograph), 2, 1);
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) rounds.push(await runRound(options, subjects));
  await service.stop();
  await Promise.all([single, ...filling, pipeline].map((floor) => floor.close()));
  return combine(rounds);
}

async function open({ dist, modelDir, photograph }: BenchOptions): Promise<Subjects> {
  const model = readModelPackage(modelDir);
  const entry = path.join(dist, "bench", "floorWorker.js");
  const single = await Floor.open(entry, model, photograph, { lanes: 1, threads: 1 });
  const filling: Floor[] = [];
  for (const layout of fillingLayouts()) {
    filling.push(await Floor.open(entry, model, photograph, layout));
  }
  const env = {
    MODEL_DIR: modelDir,
    // Large models keep eight clients waiting for longer than the default allows.
    MAX_QUEUE_WAIT_MS: "60000",
  };
  const pipeline = await PipelineFloor.open(dist, model, env);
  const monitor = path.join(dist, "bench", "loopMonitor.js");
  const service = await ServiceProcess.start(path.join(dist, "main.js"), env, monitor);
  return { single, filling, pipeline, service };
}

async function runRound(options: BenchOptions, subjects: Subjects): Promise<Round> {
  const { photograph, clients, seconds } = options;
  const { service } = subjects;
  const body = readFileSync(photograph);
  const byClients: Record<string, ServiceSummary> = {};
  const { bareMs, ...floors } = await runFloors(options, subjects);
  for (const n of clients) byClients[n] = await scoreWithUsage(service, body, n, seconds, bareMs);
  const load = scoreFor(service, body, Math.max(...clients), seconds);
  const probesMs = await probeDuring(service, 10, load);
  return { ...floors, byClients, probesMs };
}

async function runFloors(
  { photograph, seconds }: BenchOptions,
  { single, filling, pipeline }: Subjects,
): Promise<Pick<Round, "floor" | "layout"> & { bareMs: number }> {
  // The last layout has one thread a lane, as the service by default: several only take turns with one picture's decoding.
  const widest = filling.at(-1) as Floor;
  const decode = joined(await single.run("decode", seconds), await widest.run("decode", seconds));
  const run = joined(await single.run("run", seconds), await widest.run("run", seconds));
  const one = await single.run("decode + run", seconds);
  const layouts = [];
  for (const layout of filling) {
    layouts.push({ ...(await layout.run("decode + run", seconds)), name: layout.name });
  }
  const { name, ...best } = layouts.reduce((a, b) =>
    b.imagesPerSecond > a.imagesPerSecond ? b : a,
  );
  const alone = await pipeline.run(photograph, 1, seconds);
  const busy = await pipeline.run(photograph, pipeline.saturation, seconds);
  const whole = joined(one, best);
  return {
    floor: { decode, run, "decode + run": whole, pipeline: joined(alone, busy) },
    layout: name,
    bareMs: layouts.at(-1)?.cpuMsPerImage ?? NaN,
  };
}

const joined = (one: FloorSummary, many: FloorSummary): FloorSummary => ({
  ...one,
  imagesPerSecond: many.imagesPerSecond,
  cpuMsPerImage: many.cpuMsPerImage,
});

async function scoreWithUsage(
  service: ServiceProcess,
  body: Buffer,
  clients: number,
  seconds: number,
  bareMs: number,
): Promise<ServiceSummary> {
  const before = await service.usage();
  const summary = await scoreFor(service, body, clients, seconds);
  const used = usedBetween(before, await service.usage());
  return { ...summary, ...timeByStage(used, summary.images, bareMs), rssMb: used.rssBytes / 1e6 };
}

/**
 * @param used in the time in which `images` were scored
 * @param bareMs CPU time of an image in the bare loop
 */
function timeByStage(used: Usage, images: number, bareMs: number): TimeByStage {
  const msPerImage = (seconds: number) => (1000 * seconds) / images;
  const cpuMsPerImage = msPerImage(used.cpuSeconds);
  return {
    ...{ cpuMsPerImage, otherMs: cpuMsPerImage - bareMs },
    loopCpuMs: msPerImage(used.loopCpuSeconds),
    decodeMs: msPerImage(used.imagingSeconds),
    runMs: msPerImage(used.inferenceSeconds),
    finishMs: msPerImage(used.finishSeconds),
  };
}

const firstOf = ({ byClients }: Round) => Object.values(byClients)[0] as ServiceSummary;

const bestRate = ({ byClients }: Round) =>
  Math.max(...Object.values(byClients).map(({ imagesPerSecond }) => imagesPerSecond));

function combine(rounds: readonly Round[]): BenchResult {
  const over = (figure: (round: Round) => number) => median(rounds.map(figure));
  const probes = rounds.flatMap(({ probesMs }) => probesMs);
  const floors = floorNames.map((name) => [name, medianOf(rounds.map(({ floor }) => floor[name]))]);
  const loop = ({ floor }: Round) => floor["decode + run"];
  return {
    floor: {
      ...(Object.fromEntries(floors) as FloorFigures),
      layout: [...new Set(rounds.map(({ layout }) => layout))].join(", "),
    },
    service: Object.fromEntries(
      Object.keys((rounds[0] as Round).byClients).map((clients) => [
        clients,
        medianOf(rounds.map(({ byClients }) => byClients[clients] as ServiceSummary)),
      ]),
    ),
    ratios: {
      p50: over((round) => firstOf(round).p50Ms / loop(round).p50Ms),
      throughput: over((round) => bestRate(round) / loop(round).imagesPerSecond),
      p50AddedMs: over((round) => firstOf(round).p50Ms - loop(round).p50Ms),
    },
    health: {
      p50Ms: quantile(probes, 0.5),
      p99Ms: quantile(probes, 0.99),
      probes: probes.length,
    },
  };
}
