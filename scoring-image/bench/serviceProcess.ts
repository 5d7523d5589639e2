import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { metricNames, paths } from "../src/contract";

const key = "bench-key-of-no-secrecy";

/** Between two looks of Node's monitor of the event loop. */
const timerMs = 10;

/** Totals of the service's process, from its own metrics. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly restarts: number;
}

/** The scoring service as a child process on free ports, with default settings unless told otherwise. */
export class ServiceProcess {
  readonly headers = { authorization: `Bearer ${key}` };

  private constructor(
    readonly child: ChildProcessByStdio<null, Readable, null>,
    readonly url: string,
    readonly metricsUrl: string,
  ) {}

  /** @param entry path of the bundled `main.js` */
  static async start(
    entry: string,
    env: Readonly<Record<string, string>>,
  ): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [entry], {
      env: { ...process.env, PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface(child.stdout)) {
      const entry = JSON.parse(line) as { msg: string; url: string; metricsUrl: string };
      if (entry.msg !== "ready") continue;
      child.stdout.resume();
      return new ServiceProcess(child, entry.url, entry.metricsUrl);
    }
    throw new Error("the service did not start; its reason is above");
  }

  async #metrics(): Promise<(name: string) => number> {
    const text = await (await fetch(`${this.metricsUrl}${paths.metrics}`)).text();
    return (name) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  }

  /** Longest time in milliseconds, since this was last asked, for which the event loop was held up beyond its timer's own 10 ms. */
  async longestHoldMs(): Promise<number> {
    const value = await this.#metrics();
    return Math.max(0, 1000 * value("nodejs_eventloop_lag_max_seconds") - timerMs);
  }

  async usage(): Promise<Usage> {
    const value = await this.#metrics();
    return {
      cpuSeconds: value("process_cpu_seconds_total"),
      rssBytes: value("process_resident_memory_bytes"),
      restarts: value(metricNames.workerRestarts),
    };
  }

  /** Asks the process to stop as Kubernetes would; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    const [code] = (await once(this.child, "exit")) as [number | null];
    return code;
  }
}
