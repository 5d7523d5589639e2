import { readdirSync, readFileSync } from "node:fs";

/** What a process and all that it has started have used. */
export interface TreeUsage {
  /** CPU time in milliseconds, to 10 ms a process. */
  readonly cpuMs: number;
  /** Memory; what processes share counts for each of them. */
  readonly rssMb: number;
}

/** Linux tells CPU times in hundredths of a second, whatever its own clock does. */
const msPerTick = 10;
const pageBytes = 4096;

/** Reads /proc. @param pid first process of the tree */
export function treeUsage(pid: number): TreeUsage {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(name) ?? []);
  const tree = new Set([pid]);
  // A child may have a lower number than its parent once numbers have begun again.
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    for (const { pid: child, parent } of stats) if (tree.has(parent)) tree.add(child);
  }
  const members = stats.filter((stat) => tree.has(stat.pid));
  const sum = (of: (stat: Stat) => number) => members.reduce((total, stat) => total + of(stat), 0);
  return {
    cpuMs: sum(({ ticks }) => ticks) * msPerTick,
    rssMb: (sum(({ pages }) => pages) * pageBytes) / 1e6,
  };
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** Undefined for a process that has ended meanwhile. See https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html. */
function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is a name in brackets, which may hold anything; the third is field 0 here.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (at: number) => Number(fields[at - 3]);
    return { pid: Number(pid), parent: field(4), ticks: field(14) + field(15), pages: field(24) };
  } catch {
    return undefined;
  }
}

/** CPU time in milliseconds that everybody on this machine has used. */
export function machineCpuMs(): number {
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) * msPerTick;
}
