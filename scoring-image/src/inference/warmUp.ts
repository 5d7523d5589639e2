import { compressSync, FORMAT_RGB } from "@julusian/jpeg-turbo";
import { readImageHeader } from "../imaging/header";
import type { Job, WorkerMessage } from "./messages";
import type { SessionPlan } from "./sessionPlan";

/** Runs before a worker calls itself ready: ONNX Runtime's first run is about a third slower, V8's first passes more. */
const warmUpRuns = 5;

/** An accelerator's first run may build what the later ones use. */
const timeoutMs = 60_000;

/** A dark grey JPEG somewhat larger than the model's input, so that decoding and resizing are warmed as well. */
function greyJpeg(side: number): Uint8Array<ArrayBuffer> {
  const raw = Buffer.alloc(3 * side * side, 100);
  const jpeg = compressSync(raw, { format: FORMAT_RGB, width: side, height: side, quality: 50 });
  return Uint8Array.from(jpeg);
}

/**
 * Scores a made picture several times, first in the largest batch so that ONNX Runtime's arena has its full size.
 * A run that fails is not fatal: a model may refuse a grey picture and still be right about others.
 */
export async function warmUp(
  run: (job: Job) => Promise<WorkerMessage>,
  { transform, maxBatchSize }: SessionPlan,
): Promise<void> {
  const side = Math.max(transform.width, transform.height, 16) + 32;
  const bytes = greyJpeg(side);
  const image = { bytes, header: readImageHeader(bytes, side * side) };
  for (let id = 0; id < warmUpRuns; id++) {
    const images = Array.from({ length: id === 0 ? maxBatchSize : 1 }, () => image);
    await run({ type: "job", id, images, timeoutMs });
  }
}
