import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A server that was started; `instance` is an argument of its command line that no other process has. */
export interface ServerProcess {
  readonly pid: number;
  readonly instance: string;
}

/** Longer than the server takes to finish what it has accepted (SHUTDOWN_GRACE_MS). */
const stopTimeoutMs = 25_000;

/** Whether that very process runs: a process id alone may since belong to another one. */
export function isRunning({ pid, instance }: ServerProcess): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return commandLine(pid).includes(instance);
}

/** Asks the process to stop, waits, and kills it when it does not. */
export async function stopProcess(server: ServerProcess | undefined): Promise<void> {
  if (!server || !isRunning(server)) return;
  process.kill(server.pid, "SIGTERM");
  for (const deadline = Date.now() + stopTimeoutMs; isRunning(server);) {
    if (Date.now() > deadline) process.kill(server.pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    const [command, ...args] =
      process.platform === "win32"
        ? [
            "powershell",
            "-NoProfile",
            "-Command",
            `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`,
          ]
        : ["ps", "-ww", "-p", String(pid), "-o", "args="];
    return spawnSync(command ?? "", args, { encoding: "utf8" }).stdout ?? "";
  }
}
