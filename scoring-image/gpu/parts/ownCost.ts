import { readFileSync } from "node:fs";
import { files, type Context } from "../context";
import { forkEntry, nextMessage } from "../children";
import { requestBytes } from "../load/connection";
import type { Outcomes } from "../load/tally";
import { summaryOf } from "./loadStep";

/** Bytes of the body of an answer with 1000 scores. */
const answerBytes = 15_000;

/**
 * What the load generator itself costs: requests as those of the other parts against a server that
 * does nothing.
 */
export async function measureOwnCost({ load, report, picture, options }: Context): Promise<void> {
  const to = { path: options.path, key: "gpu-verification-key-of-no-secrecy" };
  const length = requestBytes(to.path, to.key, readFileSync(picture)).length;
  const child = forkEntry(files.trivialServer, [String(length), String(answerBytes)]);
  const port = await nextMessage<number>(child, 10_000);
  const requests = { ...to, host: "127.0.0.1", port, pictures: [picture] };
  const steps = [200, 1000].map((ms) => ({ clients: 32, ms }));
  const { result, cpuMs } = await load.run<"closed">(requests, { kind: "closed", steps });
  child.disconnect();
  const sent = result.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0);
  const { imagesPerSecond } = summaryOf(result.at(-1) as Outcomes);
  report.keep("loadGenerator", {
    requestsPerSecond: imagesPerSecond,
    cpuMsPerRequest: cpuMs / sent,
  });
  report.say(
    `load generator alone: ${imagesPerSecond.toFixed(0)} requests/s, ${(cpuMs / sent).toFixed(3)} ms of CPU a request`,
  );
}
