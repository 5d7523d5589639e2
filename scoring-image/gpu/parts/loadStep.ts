import { quantile } from "../../bench/stats";
import type { Context } from "../context";
import type { Outcomes } from "../load/tally";
import { percent } from "../report";
import { stageFigures, type StageFigures } from "../server/metrics";
import { processUsage } from "../server/processUsage";
import type { ServerProcess } from "../server/serverProcess";

/** Rate, latencies in milliseconds, and what else came back. */
export interface Summary {
  /** Answers with 200 a second. */
  readonly imagesPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly counts: Outcomes["counts"];
}

export function summaryOf({ latenciesMs, counts, elapsedMs }: Outcomes): Summary {
  return {
    imagesPerSecond: (1000 * latenciesMs.length) / elapsedMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p95Ms: quantile(latenciesMs, 0.95),
    p99Ms: quantile(latenciesMs, 0.99),
    counts,
  };
}

/** What the machine and the server did under a load. */
export interface Work extends StageFigures {
  /**
   * CPU of the server's process an image that was scored, and of its event loop's thread, in
   * milliseconds.
   */
  readonly cpuMsPerImage: number;
  readonly loopCpuMsPerImage: number;
  readonly rssMb: number;
  /** Share of the time in which the GPU ran something, 0..1, and its memory in use. */
  readonly gpuBusyShare: number;
  readonly gpuMb: number;
}

/**
 * Watches a server while a load is on it.
 * @param images how many images of the load's result were scored
 */
export async function watched<Result>(
  { gpu }: Context,
  server: ServerProcess,
  load: () => Promise<Result>,
  images: (result: Result) => number,
): Promise<{ readonly result: Result; readonly work: Work }> {
  const before = { metrics: await server.metrics(), ...processUsage(server.pid) };
  const from = performance.now();
  const result = await load();
  const to = performance.now();
  const after = processUsage(server.pid);
  const metrics = await server.metrics();
  const { busyShare, usedMb } = gpu.between(from, to);
  const count = images(result);
  return {
    result,
    work: {
      ...stageFigures(before.metrics, metrics, (to - from) / 1000),
      cpuMsPerImage: (after.cpuMs - before.cpuMs) / count,
      loopCpuMsPerImage: (after.loopCpuMs - before.loopCpuMs) / count,
      ...{ rssMb: after.rssMb, gpuBusyShare: busyShare, gpuMb: usedMb },
    },
  };
}

/** Statuses other than 200, or nothing. */
export const othersOf = ({ counts }: Pick<Outcomes, "counts">): string =>
  Object.entries(counts)
    .filter(([name]) => name !== "200")
    .map(([name, count]) => `${count} x ${name}`)
    .join(", ");

/** A row of a table of steps, below `stepColumns`. */
export const stepRow = (first: string | number, summary: Summary, work: Work) => [
  ...[first, summary.imagesPerSecond, summary.p50Ms, summary.p95Ms, summary.p99Ms],
  ...[work.cpuMsPerImage, work.loopCpuMsPerImage, percent(work.gpuBusyShare)],
  ...[percent(work.laneBusyShare), percent(work.decodeBusyShare), work.meanBatch],
  ...[percent(work.paddingShare), work.meanRunMs, work.meanQueueMs, work.rssMb],
  othersOf(summary),
];

export const stepColumns = (first: string) => [
  ...[first, "img/s", "p50", "p95", "p99", "CPU ms", "loop ms", "GPU", "lane", "decode", "batch"],
  ...["padding", "run ms", "queue ms", "RSS MB", "refused"],
];
