/** `npm run bench -- --device emulated:h200`: the service on a device that costs what a GPU costs, from one client to many. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { scoreFor, type LoadSummary } from "./load";
import type { BenchOptions } from "./measure";
import { ServiceProcess, usedBetween } from "./serviceProcess";
import { medianOf } from "./stats";
import { fixed, print, row, titles } from "./tables";

/** The service at one number of clients. */
export interface DeviceStep extends LoadSummary {
  /** Pictures of a batch, without its padding. */
  readonly meanBatch: number;
  /** Share of the device's rows that were padding, 0..1. */
  readonly paddingShare: number;
  /** CPU time of the process, of all cores together: 2 on two cores is all there is. */
  readonly busyCores: number;
  /** How many decode threads were busy, by their own clock. */
  readonly busyDecoders: number;
}

/** Settings of a GPU's service; the emulated device stands in for CUDA. */
const env = {
  EXECUTION_PROVIDER: "cuda",
  BATCH_SIZES: "1,2,4,8,16,32,64",
  MAX_QUEUE_WAIT_MS: "60000",
};

/** Measures and prints. @returns medians of the rounds by number of clients */
export async function measureDevice(
  options: BenchOptions,
): Promise<Readonly<Record<string, DeviceStep>>> {
  const { dist, modelDir, photograph, clients, seconds, rounds } = options;
  const entry = path.join(dist, "bench", "emulatedService.js");
  const service = await ServiceProcess.start(entry, { ...env, MODEL_DIR: modelDir });
  const body = readFileSync(photograph);
  await scoreFor(service, body, 8, 1);
  const steps: Record<string, DeviceStep[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const n of clients) (steps[n] ??= []).push(await runStep(service, body, n, seconds));
  }
  await service.stop();
  row("", titles(...columns));
  const medians = Object.entries(steps).map(([n, all]) => [n, medianOf(all)] as const);
  for (const [n, step] of medians) {
    row(`${n} cl.`, [
      ...[fixed(step.imagesPerSecond, 1), fixed(step.p50Ms), fixed(step.p99Ms)],
      ...[fixed(step.meanBatch), fixed(100 * step.paddingShare, 1)],
      ...[fixed(step.busyDecoders), fixed(step.busyCores), fixed(step.clientCpuMs)],
    ]);
  }
  print("decoders: decode threads that were busy; cores: of the service; client: its CPU ms/im");
  return Object.fromEntries(medians);
}

const columns = [
  "images/s",
  "p50 ms",
  "p99 ms",
  "batch",
  "padding %",
  "decoders",
  "cores",
  "client",
];

async function runStep(
  service: ServiceProcess,
  body: Buffer,
  clients: number,
  seconds: number,
): Promise<DeviceStep> {
  const before = await service.usage();
  const started = performance.now();
  const summary = await scoreFor(service, body, clients, seconds);
  const elapsed = (performance.now() - started) / 1000;
  const used = usedBetween(before, await service.usage());
  return {
    ...summary,
    meanBatch: used.pictures / used.batches,
    paddingShare: used.paddingRows / (used.paddingRows + used.pictures),
    busyCores: used.cpuSeconds / elapsed,
    busyDecoders: used.decodeBusySeconds / elapsed,
  };
}
