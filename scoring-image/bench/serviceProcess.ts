import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { LoopTurns } from "./loopMonitor";
import { metricNames, paths } from "../src/contract";

const key = "bench-key-of-no-secrecy";

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

  /**
   * @param entry path of the bundled `main.js`
   * @param monitor path of the bundled `loopMonitor.js`, which `longestTurns` needs
   */
  static async start(
    entry: string,
    env: Readonly<Record<string, string>>,
    monitor?: string,
  ): Promise<ServiceProcess> {
    const preload = monitor === undefined ? [] : ["--require", monitor];
    const child = spawn(process.execPath, [...preload, entry], {
      env: { ...process.env, PORT: "0", METRICS_PORT: "0", PRIMARY_KEY: key, ...env },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    }) as ChildProcessByStdio<null, Readable, null>;
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

  /** The longest turns of the service's event loop since this was last asked. */
  async longestTurns(): Promise<LoopTurns> {
    this.child.send("turns");
    const [turns] = (await once(this.child, "message")) as [LoopTurns];
    return turns;
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
