import { setImmediate } from "node:timers/promises";

/** How long the event loop is held at a time, in milliseconds; the last item of a turn comes on top. */
const turnMs = 2;

/** Maps the items of a large request or answer one after the other, giving way to other requests every few milliseconds. */
export async function mapInTurns<T, R>(items: readonly T[], map: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  let started = performance.now();
  for (const item of items) {
    results.push(map(item));
    if (performance.now() - started < turnMs) continue;
    await setImmediate();
    started = performance.now();
  }
  return results;
}
