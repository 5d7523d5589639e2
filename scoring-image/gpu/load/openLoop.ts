import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../soak/random";
import { Connection, type Target } from "./connection";
import { lastAnswersMs, Tally, type Outcomes } from "./tally";

/** Most requests under way; what is due beyond waits, and its wait counts. */
const maxConnections = 1024;

export interface OpenLoad {
  readonly perSecond: number;
  readonly ms: number;
  readonly seed: number;
}

/**
 * Sends requests when they are due, by a Poisson process, whether or not others have been answered.
 * Latencies are from the time at which a request was due, the lateness of this process's timers
 * (about a millisecond) included.
 */
export async function openLoop(
  target: Target,
  requests: readonly Buffer[],
  { perSecond, ms, seed }: OpenLoad,
): Promise<Outcomes> {
  const random = new Random(seed);
  const tally = new Tally();
  const free: Connection[] = [];
  const all: Connection[] = [];
  let underWay = 0;
  const open = () => {
    const connection = new Connection(target);
    all.push(connection);
    return connection;
  };
  const startMs = performance.now();
  const endMs = startMs + ms;
  let count = 0;
  for (let dueMs = startMs; dueMs < endMs; dueMs += random.gapMs(perSecond)) {
    while (performance.now() < dueMs || underWay >= maxConnections) await delay(1);
    const connection = free.pop() ?? open();
    const since = dueMs;
    underWay++;
    connection.send(requests[count++ % requests.length] as Buffer, (outcome) => {
      underWay--;
      free.push(connection);
      tally.add(outcome, since);
    });
  }
  const lastMs = performance.now() + lastAnswersMs;
  while (underWay > 0 && performance.now() < lastMs) await delay(1);
  for (const connection of all) connection.close();
  return tally.end();
}
