import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Clock ticks of `/proc/PID/stat` a second, which Linux has fixed for all programs. */
const ticksPerSecond = 100;

/** What a process holds, as the kernel counts it. */
export interface Usage {
  /** Resident memory now and at its highest since `resetPeak`, in MB (10^6 bytes). */
  readonly rssMb: number;
  readonly peakMb: number;
  readonly threads: number;
  readonly descriptors: number;
  /** User and system time since its start, in milliseconds. */
  readonly cpuMs: number;
}

/** @throws Error ENOENT or ESRCH when the process has ended */
export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  // The name, in parentheses, may hold anything.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return {
    rssMb: (field("VmRSS") * 1024) / 1e6,
    peakMb: (field("VmHWM") * 1024) / 1e6,
    threads: field("Threads"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpuMs: ((Number(stat[11]) + Number(stat[12])) * 1000) / ticksPerSecond,
  };
}

/** From now on `peakMb` counts anew. */
export const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5");

/** The last that was seen of a process, however it ends. */
export class Watch {
  last: Usage;
  #isOver = false;

  constructor(private readonly pid: number) {
    resetPeak(pid);
    this.last = usageOf(pid);
    void this.#look();
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      this.now();
      await delay(100);
    }
  }

  /** Looks once more; an ended process leaves what was seen last. */
  now(): Usage {
    try {
      const usage = usageOf(this.pid);
      // Of a process that is ending the kernel has no memory to tell.
      if (Number.isFinite(usage.rssMb)) this.last = usage;
    } catch {
      this.#isOver = true;
    }
    return this.last;
  }

  end(): Usage {
    this.now();
    this.#isOver = true;
    return this.last;
  }
}
