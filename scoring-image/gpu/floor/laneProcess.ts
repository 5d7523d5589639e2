/**
 * Runs a model without a server: how fast it is, and whether it is right. What ends this process
 * does not end the verification.
 */

// Native code reads it when it is loaded.
process.env.ORT_DISABLE_TELEMETRY = "1";

import { measureDecoding, measureSizes, rowsOf } from "./bareLoop";
import { compareSizes, referenceOf } from "./equality";
import { openModelLane } from "./lane";
import type { LaneOrder, LaneReply, LaneReport } from "./orders";

async function report(order: LaneOrder): Promise<LaneReport> {
  const { model, provider, sizes, pictures, floorMs } = order;
  const reference = order.comparesScores ? await referenceOf(model, pictures) : undefined;
  const lane = await openModelLane(model, provider, sizes);
  const equality = reference && (await compareSizes(lane, reference, pictures));
  const measured = floorMs === undefined ? {} : await measure(floorMs);
  const description = lane.runtime.describe();
  await lane.close();
  return { description, openMs: lane.openMs, ...measured, ...(equality ? { equality } : {}) };

  async function measure(ms: number) {
    const floor = measureSizes(lane, await rowsOf(lane.plan.rows, pictures), ms);
    return { floor, decodeMs: await measureDecoding(lane, pictures, 2 * ms) };
  }
}

process.once("message", (order: LaneOrder) => {
  const answer = (reply: LaneReply) => process.send?.(reply, () => process.exit(0));
  report(order).then(
    (made) => answer({ report: made }),
    (error: unknown) => answer({ error: (error as Error).stack ?? String(error) }),
  );
});
