/** Loaded into the service before its own code: measures the turns of its event loop, and tells the longest when its parent asks. */
import { isMainThread } from "node:worker_threads";

/** The longest turns since the last question, in milliseconds. */
export interface LoopTurns {
  /** By the clock: what others waited for, waits for a core included. */
  readonly wallMs: number;
  /** Of the CPU time of the event loop's own thread: what was really done, garbage collection included. */
  readonly cpuMs: number;
}

const timerMs = 1;

function watch(tell: (turns: LoopTurns) => void): void {
  let longest: LoopTurns = { wallMs: 0, cpuMs: 0 };
  let wall = performance.now();
  let cpu = process.threadCpuUsage();
  const look = () => {
    const used = process.threadCpuUsage(cpu);
    longest = {
      wallMs: Math.max(longest.wallMs, performance.now() - wall - timerMs),
      cpuMs: Math.max(longest.cpuMs, (used.user + used.system) / 1000),
    };
    wall = performance.now();
    cpu = process.threadCpuUsage();
    setTimeout(look, timerMs).unref();
  };
  look();
  process.on("message", () => {
    tell(longest);
    longest = { wallMs: 0, cpuMs: 0 };
  });
}

if (isMainThread) watch((turns) => process.send?.(turns));
