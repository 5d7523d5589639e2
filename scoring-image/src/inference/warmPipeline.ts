import { setImmediate } from "node:timers/promises";
import type { AnswerForm } from "./call";
import type { Pipeline } from "./pipeline";
import { greyPicture } from "./threads/warmUp";

/** Requests that are under way at a time. */
const callers = 16;

/**
 * Scores a made picture again and again, so that V8 has made fast code of the pipeline before the first caller comes: on a GPU the event loop
 * has little time for a picture, and unoptimised code takes several times as much.
 * @param forMs how long
 */
export async function warmPipeline(
  pipeline: Pipeline,
  size: { readonly width: number; readonly height: number },
  form: AnswerForm,
  forMs: number,
): Promise<void> {
  const { header, jpeg } = greyPicture(size);
  const { signal } = new AbortController();
  const until = performance.now() + forMs;
  const call = async () => {
    while (performance.now() < until) {
      const context = { signal, deadline: until + 60_000 };
      // A model may refuse a grey picture and still be right about others.
      await pipeline.submit([{ header, parts: [jpeg] }], form, context).catch(() => setImmediate());
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
}
