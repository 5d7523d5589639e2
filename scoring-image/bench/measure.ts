import { readFileSync } from "node:fs";
import path from "node:path";
import type { SessionPlan } from "../src/inference/messages";
import { readModelPackage } from "../src/model/modelPackage";
import { fillingLayouts, Floor, type Layout } from "./floor";
import { probeDuring, scoreFor } from "./load";
import { ServiceProcess } from "./serviceProcess";
import { median, medianOf, quantile, type Summary } from "./stats";

export interface BenchOptions {
  /** Folder of the built bundles. */
  readonly dist: string;
  readonly modelDir: string;
  readonly photograph: string;
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
}

/** Service at one number of clients; CPU of the service's process alone. */
export interface ServiceSummary extends Summary {
  readonly cpuMsPerImage: number;
  readonly rssMb: number;
}

export interface BenchResult {
  readonly floor: Summary & { readonly layout: string };
  readonly service: Summary & { readonly byClients: Readonly<Record<number, ServiceSummary>> };
  readonly ratios: {
    readonly p50: number;
    readonly throughput: number;
    readonly p50AddedMs: number;
  };
  readonly health: { readonly p50Ms: number; readonly p99Ms: number; readonly probes: number };
}

const threadsPerInstance = 1;

/**
 * Measures floor and service in turns, several rounds, so that a noisy moment hits both; every figure is the median of the rounds.
 * The ratios are medians of the rounds' own ratios.
 */
export async function measure(options: BenchOptions): Promise<BenchResult> {
  const { dist, modelDir, photograph, seconds, rounds } = options;
  const plan = planOf(modelDir);
  const floorEntry = path.join(dist, "bench", "floorWorker.js");
  const open = (layout: Layout) => Floor.open(floorEntry, plan, photograph, layout);
  const service = await ServiceProcess.start(path.join(dist, "main.js"), {
    MODEL_DIR: modelDir,
    THREADS_PER_INSTANCE: String(threadsPerInstance),
  });
  const body = readFileSync(photograph);
  await scoreFor(service, body, 2, 1);

  const latency: { floor: Summary; service: Summary }[] = [];
  const throughput: { floor: Summary & { layout: string }; best: number }[] = [];
  const byClients: Record<number, ServiceSummary[]> = {};
  const probes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const floor = await runFloor(open, { instances: 1, threads: threadsPerInstance }, seconds);
    for (const clients of options.clients) {
      const summary = await scoreWithUsage(service, body, clients, seconds);
      (byClients[clients] ??= []).push(summary);
    }
    latency.push({ floor, service: lastOf(byClients, options.clients[0] as number) });
    const best = Math.max(...options.clients.map((n) => lastOf(byClients, n).imagesPerSecond));
    throughput.push({ floor: await bestLayout(open, seconds), best });
    const load = scoreFor(service, body, Math.max(...options.clients), seconds);
    probes.push(...(await probeDuring(service, 10, load)));
  }
  await service.stop();
  return combine(latency, throughput, byClients, probes);
}

const lastOf = (byClients: Record<number, ServiceSummary[]>, clients: number) =>
  byClients[clients]?.at(-1) as ServiceSummary;

function planOf(modelDir: string): SessionPlan {
  const { file, input, outputs } = readModelPackage(modelDir);
  return {
    modelFile: file,
    inputName: input.name,
    transform: input.transform,
    outputNames: outputs.map(({ name }) => name),
    threads: threadsPerInstance,
    maxBatchSize: 1,
  };
}

async function runFloor(
  open: (layout: Layout) => Promise<Floor>,
  layout: Layout,
  seconds: number,
): Promise<Summary> {
  const floor = await open(layout);
  const summary = await floor.run(seconds);
  await floor.close();
  return summary;
}

async function bestLayout(open: (layout: Layout) => Promise<Floor>, seconds: number) {
  const tried = [];
  for (const layout of fillingLayouts()) {
    const name = `${layout.instances} x ${layout.threads}`;
    tried.push({ ...(await runFloor(open, layout, seconds)), layout: name });
  }
  return tried.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a));
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

function combine(
  latency: readonly { floor: Summary; service: Summary }[],
  throughput: readonly { floor: Summary & { layout: string }; best: number }[],
  byClients: Readonly<Record<number, ServiceSummary[]>>,
  probes: readonly number[],
): BenchResult {
  const floor = medianOf(latency.map((round) => round.floor));
  const service = medianOf(latency.map((round) => round.service));
  return {
    floor: {
      ...floor,
      imagesPerSecond: median(throughput.map((round) => round.floor.imagesPerSecond)),
      layout: throughput.map((round) => round.floor.layout).join(", "),
    },
    service: {
      ...service,
      imagesPerSecond: median(throughput.map((round) => round.best)),
      byClients: Object.fromEntries(
        Object.entries(byClients).map(([clients, rounds]) => [clients, medianOf(rounds)]),
      ),
    },
    ratios: {
      p50: median(latency.map((round) => round.service.p50Ms / round.floor.p50Ms)),
      throughput: median(throughput.map((round) => round.best / round.floor.imagesPerSecond)),
      p50AddedMs: median(latency.map((round) => round.service.p50Ms - round.floor.p50Ms)),
    },
    health: {
      p50Ms: quantile(probes, 0.5),
      p99Ms: quantile(probes, 0.99),
      probes: probes.length,
    },
  };
}
