import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../soak/random";
import { ClosedLoop } from "./closedLoop";
import type { Target } from "./connection";
import type { Outcomes } from "./tally";

export interface RoughLoad {
  readonly ms: number;
  readonly seed: number;
  /** Clients whose requests must be scored. */
  readonly good: number;
  /** Clients that send pictures which cannot be decoded. */
  readonly bad: number;
  /** Callers at a time that go before they are answered. */
  readonly departing: number;
}

export interface RoughOutcomes {
  readonly good: Outcomes;
  readonly bad: Outcomes;
  /** Callers that have gone. */
  readonly departed: number;
}

/** Longest time that a departing caller waits, in milliseconds. */
const longestStayMs = 30;

/** Mixes requests that must be scored with bad pictures and with callers that go at any moment. */
export async function roughLoad(
  target: Target,
  good: readonly Buffer[],
  bad: readonly Buffer[],
  load: RoughLoad,
): Promise<RoughOutcomes> {
  const { ms, seed } = load;
  const endMs = performance.now() + ms;
  const leaving = Array.from({ length: load.departing }, (_, i) =>
    depart(target, good, new Random(seed + i), endMs),
  );
  const [goodOnes, badOnes] = await Promise.all([
    new ClosedLoop(target, good).run([{ clients: load.good, ms }]),
    new ClosedLoop(target, bad).run([{ clients: load.bad, ms }]),
  ]);
  const departed = (await Promise.all(leaving)).reduce((sum, count) => sum + count, 0);
  return { good: goodOnes[0] as Outcomes, bad: badOnes[0] as Outcomes, departed };
}

/** One caller after another: sends a request, or a part of one, and is gone. */
async function depart(
  target: Target,
  requests: readonly Buffer[],
  random: Random,
  endMs: number,
): Promise<number> {
  let count = 0;
  for (; performance.now() < endMs; count++) {
    const socket = net.connect(target);
    socket.on("error", () => undefined);
    const request = random.pick(requests);
    const isWhole = random.next() < 0.7;
    socket.write(isWhole ? request : request.subarray(0, random.below(request.length)));
    await delay(random.below(longestStayMs));
    socket.destroy();
  }
  return count;
}
