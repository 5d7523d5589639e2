import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A control group with a memory limit, for the processes that are started in it. */
export class MemoryGroup {
  private constructor(private readonly folder: string) {}

  /** @returns undefined where this process may not make one: without version 1 or 2, or without the right to */
  static create(limitBytes: number): MemoryGroup | undefined {
    return candidates()
      .map(({ parent, limit }) => {
        const folder = path.join(parent, `hostile-${process.pid}`);
        try {
          mkdirSync(folder);
        } catch {
          return undefined;
        }
        try {
          writeFileSync(path.join(folder, limit), String(limitBytes));
          return new MemoryGroup(folder);
        } catch {
          rmdirSync(folder);
          return undefined;
        }
      })
      .find((group) => group !== undefined);
  }

  /** Words to put before a command so that it starts inside the group, with the same process id. */
  get launcher(): readonly string[] {
    const members = path.join(this.folder, "cgroup.procs");
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', members];
  }

  /** To be called when no process is left in it. */
  remove(): void {
    rmdirSync(this.folder);
  }
}

/** Below this process's own groups: that of the memory controller in version 1, that of version 2. */
function candidates(): readonly { parent: string; limit: string }[] {
  const mount = "/sys/fs/cgroup";
  return readFileSync("/proc/self/cgroup", "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [, controllers = "", group = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers.split(",").includes("memory"))
        return [{ parent: path.join(mount, "memory", group), limit: "memory.limit_in_bytes" }];
      return controllers === "" ? [{ parent: path.join(mount, group), limit: "memory.max" }] : [];
    });
}
