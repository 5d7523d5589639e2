import { readFileSync } from "node:fs";

/** Milliseconds of a tick of `/proc`'s clocks: USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10;

/**
 * User and system time of a process or thread in milliseconds.
 * @param stat the content of its `/proc/PID/stat`, man 5 proc
 */
export function cpuMsOf(stat: string): number {
  // The name in parentheses may have spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return tickMs * (user + system);
}

/** What a process has used. */
export interface ProcessUsage {
  readonly cpuMs: number;
  /** Of its first thread, which has the event loop. */
  readonly loopCpuMs: number;
  /** Resident memory in MB (10^6 bytes). */
  readonly rssMb: number;
}

export function processUsage(pid: number): ProcessUsage {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
  const [, rssKb] = /^VmRSS:\s+(\d+) kB$/m.exec(read("status")) ?? [];
  return {
    cpuMs: cpuMsOf(read("stat")),
    loopCpuMs: cpuMsOf(read(`task/${pid}/stat`)),
    rssMb: (1024 * Number(rssKb)) / 1e6,
  };
}
