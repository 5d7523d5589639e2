import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { metricNames, paths } from "../src/contract";
import type { LoopQuestion, LoopTurns } from "./loopMonitor";

const key = "bench-key-of-no-secrecy";

/** Totals of the service's process, from its own metrics; times in seconds. */
export interface Usage {
  readonly cpuSeconds: number;
  /** CPU time of the event loop's thread; NaN without the monitor. */
  readonly loopCpuSeconds: number;
  readonly rssBytes: number;
  readonly restarts: number;
  /** Decoding and resizing, running batches and writing answers, by the clock of the threads that do it. */
  readonly imagingSeconds: number;
  readonly inferenceSeconds: number;
  readonly finishSeconds: number;
  /** Pictures and answers in decode threads, all of them together. */
  readonly decodeBusySeconds: number;
  readonly batches: number;
  /** Pictures of those batches, and rows that they were padded with. */
  readonly pictures: number;
  readonly paddingRows: number;
}

/** The scoring service as a child process on free ports, with default settings unless told otherwise. */
export class ServiceProcess {
  readonly headers = { authorization: `Bearer ${key}` };

  private constructor(
    readonly child: ChildProcessByStdio<null, Readable, null>,
    readonly url: string,
    readonly metricsUrl: string,
    private readonly isMonitored: boolean,
  ) {}

  /**
   * @param entry path of the bundled `main.js`
   * @param monitor path of the bundled `loopMonitor.js`, which `longestTurns` and the event loop's share of `usage` need
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
      return new ServiceProcess(child, entry.url, entry.metricsUrl, monitor !== undefined);
    }
    throw new Error("the service did not start; its reason is above");
  }

  async #ask<T>(question: LoopQuestion): Promise<T> {
    this.child.send(question);
    const [answer] = (await once(this.child, "message")) as [T];
    return answer;
  }

  /** The longest turns of the service's event loop since this was last asked; 0 the first time. */
  longestTurns(): Promise<LoopTurns> {
    return this.#ask("turns");
  }

  async usage(): Promise<Usage> {
    const loopMs = this.isMonitored ? await this.#ask<number>("cpu") : NaN;
    const text = await (await fetch(`${this.metricsUrl}${paths.metrics}`)).text();
    const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
    return {
      cpuSeconds: value("process_cpu_seconds_total"),
      loopCpuSeconds: loopMs / 1000,
      rssBytes: value("process_resident_memory_bytes"),
      restarts: value(metricNames.threadRestarts),
      imagingSeconds: value(`${metricNames.imagingDuration}_sum`),
      inferenceSeconds: value(`${metricNames.inferenceDuration}_sum`),
      finishSeconds: value(`${metricNames.finishDuration}_sum`),
      decodeBusySeconds: value(metricNames.decodeBusy),
      batches: value(`${metricNames.batchSize}_count`),
      pictures: value(`${metricNames.batchSize}_sum`),
      paddingRows: value(metricNames.paddingRows),
    };
  }

  /** Asks the process to stop as Kubernetes would; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    const [code] = (await once(this.child, "exit")) as [number | null];
    return code;
  }
}

/** What was used between two looks; memory as it is at the second. */
export function usedBetween(before: Usage, after: Usage): Usage {
  const entries = Object.entries(after) as [keyof Usage, number][];
  const differences = entries.map(([name, value]) => [name, value - before[name]]);
  return { ...(Object.fromEntries(differences) as unknown as Usage), rssBytes: after.rssBytes };
}
