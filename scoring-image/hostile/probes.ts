import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../bench/stats";
import { paths } from "../src/contract";
import { send } from "../soak/httpClient";

/** Time between two probes, in milliseconds. */
const everyMs = 50;

/** A probe without an answer by then has failed, in milliseconds. */
const timeoutMs = 10_000;

export interface Health {
  readonly probes: number;
  readonly failed: number;
  /** Of all probes; one that failed counts as endless. */
  readonly p99Ms: number;
}

/** Asks twenty times a second whether the server lives, on a connection of its own each time as Kubernetes does, whether or not earlier probes are answered, until `isOver`. */
export async function probe(
  url: string,
  ca: string | undefined,
  isOver: () => boolean,
): Promise<Health> {
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const one = async () => {
    const before = performance.now();
    const headers = { connection: "close" };
    const status = await send({ url: `${url}${paths.live}`, ca, timeoutMs, headers }).then(
      (answer) => answer.status,
      () => undefined,
    );
    latencies.push(status === 200 ? performance.now() - before : Infinity);
  };
  while (!isOver()) {
    pending.push(one());
    await delay(everyMs);
  }
  await Promise.all(pending);
  return {
    probes: latencies.length,
    failed: latencies.filter((ms) => ms === Infinity).length,
    p99Ms: quantile(latencies, 0.99),
  };
}
