import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

const running = new Set<ChildProcess>();

/** Kills whatever a part that failed has left running. */
export function killChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Has a child killed with this process. */
export function watchChild(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
}

/**
 * Starts a bundled entry as a process of Node's with a channel for messages.
 * @param cores the cores that it may use, as `taskset` lists them; all unless given
 */
export function forkEntry(entry: string, args: readonly string[], cores?: string): ChildProcess {
  const pinned =
    cores === undefined ? {} : { execPath: "taskset", execArgv: ["-c", cores, process.execPath] };
  const child = fork(entry, args, { ...pinned, serialization: "advanced" });
  watchChild(child);
  return child;
}

/**
 * The next message of a child.
 * @throws Error when the child ends before, or says nothing for so long: it is killed then
 */
export async function nextMessage<T>(child: ChildProcess, patienceMs: number): Promise<T> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const message = once(child, "message", { signal }).then(([given]) => given as T);
  const exit = once(child, "exit", { signal }).then((how) => {
    throw new Error(`a process ended, code and signal ${how.join(" ")}`);
  });
  const late = delay(patienceMs, undefined, { signal }).then(() => {
    child.kill("SIGKILL");
    throw new Error(`a process did not answer within ${patienceMs / 1000} s`);
  });
  try {
    return await Promise.race([message, exit, late]);
  } finally {
    // The others are rejected now, which nobody waits for any more.
    for (const other of [message, exit, late]) other.catch(() => undefined);
    waiting.abort();
  }
}
