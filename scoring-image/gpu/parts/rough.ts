import { metricNames } from "../../src/contract";
import type { Context } from "../context";
import type { ModelName } from "../options";
import { processUsage } from "../server/processUsage";
import type { ServerProcess } from "../server/serverProcess";
import { closedStep } from "./clients";

const ms = 4000;

/**
 * Rate of departing callers to the rate of images: more would be overload, which is another matter.
 */
const departingShare = 0.2;

/** How many requests a second one departing caller begins. */
const departuresPerSecond = 60;

/**
 * Bad pictures and departing callers among good ones: the good ones must not notice, nor the
 * service afterwards.
 */
export async function measureRough(
  context: Context,
  name: ModelName,
  server: ServerProcess,
): Promise<void> {
  const { options, report, load, pictures } = context;
  report.heading(`bad pictures and departing callers, ${name}`);
  const clients = Math.min(32, Math.max(...options.clients));
  const before = await closedStep(context, server, clients);
  const departing = Math.ceil((departingShare * before.imagesPerSecond) / departuresPerSecond);
  const order = { kind: "rough", ms, seed: 1, good: clients, bad: 4, departing } as const;
  const { result } = await load.run<"rough">(server.requests("/score", pictures), order);
  const after = await closedStep(context, server, clients);
  const { good, bad, departed } = result;
  const isReady = (await server.readiness()) === 200;
  const restarts = (await server.metrics()).get(metricNames.threadRestarts);
  const { rssMb } = processUsage(server.pid);
  report.keep(`rough/${name}`, { before, ...result, after, rssMb });
  report.say(
    `${before.imagesPerSecond.toFixed(0)} images/s before and ${after.imagesPerSecond.toFixed(0)} after; ` +
      `RSS ${before.rssMb.toFixed(0)} MB before and ${rssMb.toFixed(0)} after`,
  );
  const all = (counts: object) => JSON.stringify(counts);
  const isOnly = (counts: object, status: string) => Object.keys(counts).join() === status;
  report.check("good pictures are all scored", isOnly(good.counts, "200"), all(good.counts));
  report.check("bad pictures are all refused", isOnly(bad.counts, "400"), all(bad.counts));
  report.check(
    "the service has stayed",
    isReady && restarts === 0 && isOnly(after.counts, "200"),
    `${departed} callers departed; ${isReady ? "ready" : "NOT ready"}, ${restarts} threads replaced`,
  );
}
