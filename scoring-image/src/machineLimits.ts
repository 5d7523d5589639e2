import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** What this process may use of the machine. */
export interface MachineLimits {
  /** Cores, not always a whole number: the smallest of the CPU quota, the CPU set and what the system reports. */
  readonly cores: number;
  /** Bytes: the memory limit, or the machine's memory where there is none. */
  readonly memoryBytes: number;
}

/**
 * Reads CPU quota, CPU set and memory limit of the control groups that this process is in, version 1 or 2. Node itself sees neither a
 * version 1 quota inside a container nor a fraction of a core.
 * See https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/index.html.
 * @param root folder that holds `proc` and `sys`, for tests
 */
export function readMachineLimits(root = "/"): MachineLimits {
  const groups = controlGroups(path.join(root, "proc/self/cgroup"));
  const mount = path.join(root, "sys/fs/cgroup");
  const smallest = (controller: string, read: (folder: string) => number | undefined) =>
    Math.min(
      ...folders(mount, controller, groups.get(controller), groups.get("")).map(
        (folder) => read(folder) ?? Infinity,
      ),
    );
  const cores = Math.min(
    smallest("cpu", quota),
    smallest("cpuset", setSize),
    os.availableParallelism(),
  );
  return { cores, memoryBytes: Math.min(smallest("memory", memoryLimit), os.totalmem()) };
}

/** Controller -> path of the group; "" is the one of version 2. Empty where there are no control groups. */
function controlGroups(file: string): ReadonlyMap<string, string> {
  const lines = (read(file) ?? "").split("\n").filter(Boolean);
  return new Map(
    lines.flatMap((line) => {
      const [, controllers = "", group = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return controllers.split(",").map((name): [string, string] => [name, group]);
    }),
  );
}

/**
 * Folders of a controller from the process's group up to the top: each may set a limit. Inside a container the path may be the host's, of
 * which only the top is to be seen; folders that are not there are no hindrance.
 */
function folders(mount: string, controller: string, v1?: string, v2?: string): string[] {
  const upwards = (top: string, group: string) => {
    const parts = group.split("/").filter((part) => part && part !== "..");
    return Array.from({ length: parts.length + 1 }, (_, i) =>
      path.join(top, ...parts.slice(0, parts.length - i)),
    );
  };
  return [
    ...(v1 === undefined ? [] : upwards(path.join(mount, controller), v1)),
    ...(v2 === undefined ? [] : upwards(mount, v2)),
  ];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Cores: microseconds of CPU time in each period; `max` and -1 mean without limit. */
function quota(folder: string): number | undefined {
  const [v2Quota, v2Period] = (read(path.join(folder, "cpu.max")) ?? "").split(" ");
  const time = Number(v2Quota || read(path.join(folder, "cpu.cfs_quota_us")));
  const period = Number(v2Period || read(path.join(folder, "cpu.cfs_period_us")));
  return time > 0 && period > 0 ? time / period : undefined;
}

/** Number of CPUs in a list such as `0-3,8`. */
function setSize(folder: string): number | undefined {
  const list = ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"]
    .map((name) => read(path.join(folder, name)))
    .find(Boolean);
  return list?.split(",").reduce((sum, range) => {
    const [first = NaN, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
}

function memoryLimit(folder: string): number | undefined {
  const limits = ["memory.max", "memory.high", "memory.limit_in_bytes"]
    .map((name) => Number(read(path.join(folder, name)) || NaN))
    .filter((limit) => limit > 0);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}
