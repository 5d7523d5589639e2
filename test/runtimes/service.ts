import { setTimeout as delay } from "node:timers/promises";
import { startProcess, type ServerProcess } from "../support/serverProcess";

const key = "key-of-the-runtimes";

/** What `/score` answered. */
export interface Scored {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
  readonly ms: number;
}

/** A process of the service, which listens but may not be ready. */
export interface Service {
  readonly url: string;
  /** With the key, of every protocol. */
  readonly headers: Readonly<Record<string, string>>;
  readonly process: ServerProcess;
  readonly score: (picture: Uint8Array) => Promise<Scored>;
  readonly isReady: () => Promise<boolean>;
  /** @throws Error when it is not ready, or not ready again, in time */
  readonly becomes: (ready: boolean, withinMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts the bundled server, patient with runtimes that restart, and waits until it listens. */
export async function startService(env: Record<string, string>): Promise<Service> {
  const child = startProcess({
    ...{ PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key, LANES: "1" },
    ...{ MAX_QUEUE_WAIT_MS: "110000", SCORING_TIMEOUT_MS: "120000" },
    ...env,
  });
  let url: string | undefined;
  while (url === undefined) {
    await delay(20);
    url = /"url":"([^"]+)"/.exec(child.output())?.[1];
    if (child.child.exitCode !== null) throw new Error(child.output());
  }
  const at = url;
  const headers = { authorization: `Bearer ${key}` };
  const isReady = async () => (await fetch(`${at}/v2/health/ready`)).status === 200;
  return {
    ...{ url, headers },
    process: child,
    isReady,
    score: async (picture) => {
      const started = performance.now();
      const response = await fetch(`${at}/score`, {
        method: "POST",
        body: Uint8Array.from(picture),
        headers,
      });
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        body: (await response.json()) as unknown,
        ms: performance.now() - started,
      };
    },
    becomes: async (ready, withinMs) => {
      const end = performance.now() + withinMs;
      while ((await isReady()) !== ready) {
        if (performance.now() > end) {
          throw new Error(`not ${ready ? "ready" : "unready"} in time: ${child.output()}`);
        }
        await delay(20);
      }
    },
    stop: async () => {
      child.child.kill("SIGTERM");
      await child.ended;
    },
  };
}

/** The largest difference of two answers' scores. */
export function furthest(a: Scored, b: Scored): number {
  const [[left], [right]] = [a.body as [number[]], b.body as [number[]]];
  return Math.max(...left.map((value, i) => Math.abs(value - (right[i] as number))));
}
