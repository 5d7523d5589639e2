import { readFileSync } from "node:fs";
import path from "node:path";
import { readImageHeader } from "../../src/imaging/header";
import { PictureDecoder } from "../../src/inference/threads/pictureDecoder";
import type { BatchRow, RowData } from "../../src/inference/runtimes/runtime";
import { median } from "../../bench/stats";
import type { Lane } from "./lane";
import type { SizeFloor } from "./orders";

const maxPixels = 25_000_000;

/** Fewest runs that a figure is the median of. */
const leastRuns = 5;

/** Decodes pictures as a decode thread does. @returns their rows in memory of their own */
export async function rowsOf(
  format: ConstructorParameters<typeof PictureDecoder>[0],
  files: readonly string[],
): Promise<RowData[]> {
  const decoder = new PictureDecoder(format);
  const rows: RowData[] = [];
  for (const file of files) {
    const bytes = readFileSync(file);
    const { data } = await decoder.decode(bytes, readImageHeader(bytes, maxPixels));
    rows.push(data.slice());
  }
  return rows;
}

/**
 * Times batches of each size of the ladder, one after the other, whose rows lie ready where decode
 * threads would leave them.
 */
export function measureSizes(lane: Lane, rows: readonly RowData[], ms: number): SizeFloor[] {
  const { runtime } = lane;
  const batch = rowsInSharedMemory(lane, rows, runtime.sizes.at(-1) as number);
  return runtime.sizes.map((size) => {
    const given = batch.slice(0, size);
    const timesMs: number[] = [];
    const started = performance.now();
    let now = started;
    while (now - started < ms || timesMs.length < leastRuns) {
      lane.run(given);
      const after = performance.now();
      timesMs.push(after - now);
      now = after;
    }
    const rowsPerSecond = (1000 * size * timesMs.length) / (now - started);
    return { size, ms: median(timesMs), rowsPerSecond };
  });
}

/**
 * Copies rows in turns into one block of shared memory, which the device may then read by itself.
 */
function rowsInSharedMemory(
  { runtime }: Lane,
  rows: readonly RowData[],
  count: number,
): BatchRow[] {
  const [first] = rows as readonly [RowData];
  const memory = new SharedArrayBuffer(count * first.byteLength);
  runtime.pin?.(memory);
  const Values = first.constructor as new (...given: unknown[]) => RowData;
  return Array.from({ length: count }, (_, i) => {
    const data = new Values(memory, i * first.byteLength, first.length);
    data.set(rows[i % rows.length] as RowData);
    return { data, from: "picture" };
  });
}

/**
 * Times decoding and resizing of each picture in this thread.
 * @returns milliseconds by the pictures' names
 */
export async function measureDecoding(
  { plan }: Pick<Lane, "plan">,
  files: readonly string[],
  ms: number,
): Promise<Record<string, number>> {
  const decoder = new PictureDecoder(plan.rows);
  const times: Record<string, number> = {};
  for (const file of files) {
    const bytes = readFileSync(file);
    const header = readImageHeader(bytes, maxPixels);
    const timesMs: number[] = [];
    const started = performance.now();
    while (performance.now() - started < ms / files.length || timesMs.length < leastRuns) {
      const before = performance.now();
      await decoder.decode(bytes, header);
      timesMs.push(performance.now() - before);
    }
    times[path.basename(file)] = median(timesMs);
  }
  return times;
}
