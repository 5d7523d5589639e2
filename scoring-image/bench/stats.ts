/** The value below which `share` (0..1) of the samples lie; nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const median = (samples: readonly number[]) => quantile(samples, 0.5);

/** Latencies in milliseconds and the rate at which they were achieved. */
export interface Summary {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly imagesPerSecond: number;
}

/** @param elapsedMs wall time in which all samples were taken */
export const summarise = (latenciesMs: readonly number[], elapsedMs: number): Summary => ({
  p50Ms: quantile(latenciesMs, 0.5),
  p95Ms: quantile(latenciesMs, 0.95),
  p99Ms: quantile(latenciesMs, 0.99),
  imagesPerSecond: (1000 * latenciesMs.length) / elapsedMs,
});

/** The median of each field over several rounds. */
export function medianOf<T extends Record<keyof T, number>>(rounds: readonly T[]): T {
  const fields = Object.keys(rounds[0] as T) as (keyof T)[];
  const entries = fields.map((field) => [field, median(rounds.map((round) => round[field]))]);
  return Object.fromEntries(entries) as T;
}

/** CPU time of this process since `process.cpuUsage()` returned `before`, in milliseconds. */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
