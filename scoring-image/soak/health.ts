import http from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { paths } from "../src/contract";
import { quantile } from "../bench/stats";
import { send } from "./httpClient";

export interface HealthResult {
  readonly probes: number;
  /** Probes without a 200 within ten seconds. */
  readonly failed: number;
  /** Probes with a 200 after more than Kubernetes' two seconds. */
  readonly late: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Asks a server ten times a second whether it lives, for as long as `work` takes.
 * @param ca certificate of the CA to trust, PEM; for a server with TLS
 */
export async function probeDuring(
  url: string,
  work: Promise<unknown>,
  ca?: string,
): Promise<HealthResult> {
  const agent = new (ca === undefined ? http : https).Agent({ keepAlive: true });
  const latencies: number[] = [];
  let failed = 0;
  let isDone = false;
  const watch = work.finally(() => (isDone = true));
  watch.catch(() => undefined);
  while (!isDone) {
    const before = performance.now();
    const call = { url: `${url}${paths.live}`, agent, ca, timeoutMs: 10_000 };
    const status = await send(call).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) latencies.push(performance.now() - before);
    else failed++;
    await delay(100);
  }
  await watch;
  agent.destroy();
  return {
    probes: latencies.length + failed,
    failed,
    late: latencies.filter((ms) => ms > 2000).length,
    p99Ms: quantile(latencies, 0.99),
    maxMs: Math.max(...latencies),
  };
}
