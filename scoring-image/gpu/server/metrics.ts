import { metricNames } from "../../src/contract";

/** The values of one scrape of `/metrics` by name; those with labels are left out. */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  const rows = text.matchAll(/^([a-z_]+) (\S+)$/gm);
  return new Map([...rows].map(([, name, value]) => [name as string, Number(value)]));
}

/** What the server's own metrics say about a span of time. */
export interface StageFigures {
  /** Pictures of a batch, padding left out. */
  readonly meanBatch: number;
  /** Rows of padding to rows that were run, 0..1. */
  readonly paddingShare: number;
  /** Of all decode threads, 0..1; NaN where there are none. */
  readonly decodeBusyShare: number;
  /** Of all lanes, 0..1. */
  readonly laneBusyShare: number;
  /** A run of the model, in milliseconds. */
  readonly meanRunMs: number;
  /** From a picture's arrival until a lane took it, in milliseconds. */
  readonly meanQueueMs: number;
  /** From a picture's arrival until it was being decoded, in milliseconds. */
  readonly meanDecodeWaitMs: number;
}

/** Compares two scrapes. @param seconds between them */
export function stageFigures(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  seconds: number,
): StageFigures {
  const change = (name: string) => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
  const mean = (name: string) => change(`${name}_sum`) / change(`${name}_count`);
  const pictures = change(`${metricNames.batchSize}_sum`);
  const padding = change(metricNames.paddingRows);
  const threads = (name: string) => after.get(name) ?? NaN;
  return {
    meanBatch: mean(metricNames.batchSize),
    paddingShare: padding / (padding + pictures),
    decodeBusyShare: change(metricNames.decodeBusy) / seconds / threads(metricNames.decodeThreads),
    laneBusyShare: change(metricNames.laneBusy) / seconds / threads(metricNames.lanesReady),
    meanRunMs: 1000 * mean(metricNames.inferenceDuration),
    meanQueueMs: 1000 * mean(metricNames.queueDuration),
    meanDecodeWaitMs: 1000 * mean(metricNames.decodeWaitDuration),
  };
}
