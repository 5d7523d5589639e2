import { execFileSync } from "node:child_process";
import os from "node:os";

/**
 * Pins this process and what it starts to core 1, so that it and a server take nothing from each other.
 * @returns the core for the server; undefined without two cores or `taskset`, when nothing is pinned
 */
export function pinSelf(): number | undefined {
  if (os.availableParallelism() < 2) return undefined;
  try {
    execFileSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)], { stdio: "ignore" });
    return 0;
  } catch {
    return undefined;
  }
}

/** @param core what `pinSelf` has returned */
export function machine(core: number | undefined): string {
  const pinned = core === undefined ? "nothing pinned" : "server and load pinned to a core each";
  return `Node ${process.version}, ${os.cpus()[0]?.model.trim()}, ${pinned}`;
}
