import { compressSync, FORMAT_RGB } from "@julusian/jpeg-turbo";
import { readImageHeader } from "../../imaging/header";
import type { ImageTransform } from "../../imaging/transform";
import type { InferencePlan } from "../plan";
import type { BatchRow, Runtime } from "../runtimes/runtime";
import { warmUpRun } from "./orders";
import type { PictureDecoder } from "./pictureDecoder";

/** V8 makes faster code of what has been run some times. */
const rounds = 50;

/** Runs of each size that are timed: the quickest is what a run costs when nothing else is going on. */
const timedRuns = 2;

/** A dark grey JPEG somewhat larger than the model's input. */
export function greyPicture({ width, height }: Pick<ImageTransform, "width" | "height">) {
  const side = Math.max(width, height, 16) + 32;
  const raw = Buffer.alloc(3 * side * side, 100);
  const jpeg = compressSync(raw, { format: FORMAT_RGB, width: side, height: side, quality: 50 });
  return { header: readImageHeader(jpeg, side * side), jpeg };
}

/** Decodes a picture some times. */
export async function warmDecoder(decoder: PictureDecoder, rows: ImageTransform): Promise<void> {
  const { header, jpeg } = greyPicture(rows);
  for (let i = 0; i < rounds; i++) await decoder.decode(jpeg, header);
}

/**
 * Compiles and runs every size of the ladder.
 * @returns what a run of each size takes in milliseconds
 * @throws Error when the model cannot be run where it was asked to run
 */
export async function warmRuntime(
  runtime: Runtime,
  { rows }: InferencePlan,
): Promise<readonly number[]> {
  await runtime.warmUp();
  const length = 3 * rows.width * rows.height;
  const row: BatchRow = { data: new arrays[rows.dtype](length), from: "picture" };
  const costs: number[] = [];
  for (const size of runtime.sizes) {
    const batch = Array.from({ length: size }, () => row);
    costs.push(await quickest(() => runtime.run(batch, { ...patience, id: warmUpRun })));
  }
  return costs;
}

const arrays = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

const patience = { timeoutMs: 60_000, signal: new AbortController().signal };

/** A model may refuse a grey picture and still be right about others: then nothing is known of the cost. */
async function quickest(run: () => unknown): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < timedRuns; i++) {
    const started = performance.now();
    try {
      await run();
    } catch {
      return 0;
    }
    best = Math.min(best, performance.now() - started);
  }
  return best;
}
