/** Loaded into the service before its own code: tells its parent, when asked, of its event loop. */
import { isMainThread } from "node:worker_threads";

/** The longest turns of the event loop since the last question, in milliseconds. */
export interface LoopTurns {
  /** By the clock: what others waited for, waits for a core included. */
  readonly wallMs: number;
  /** Of the CPU time of the event loop's own thread: what was really done, garbage collection included. */
  readonly cpuMs: number;
}

/** What the parent may ask for: the longest turns, or the CPU time of the event loop's thread so far in milliseconds. */
export type LoopQuestion = "turns" | "cpu";

const timerMs = 1;

/** Looks at every turn, which itself costs CPU time: only done once somebody has asked. */
class TurnWatch {
  #longest: LoopTurns = { wallMs: 0, cpuMs: 0 };
  #wall = performance.now();
  #cpu = process.threadCpuUsage();

  constructor() {
    setTimeout(() => this.#look(), timerMs).unref();
  }

  #look(): void {
    this.#longest = {
      wallMs: Math.max(this.#longest.wallMs, performance.now() - this.#wall - timerMs),
      cpuMs: Math.max(this.#longest.cpuMs, milliseconds(process.threadCpuUsage(this.#cpu))),
    };
    this.#wall = performance.now();
    this.#cpu = process.threadCpuUsage();
    setTimeout(() => this.#look(), timerMs).unref();
  }

  take(): LoopTurns {
    const longest = this.#longest;
    this.#longest = { wallMs: 0, cpuMs: 0 };
    return longest;
  }
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;

let watch: TurnWatch | undefined;

if (isMainThread) {
  process.on("message", (question: LoopQuestion) => {
    const answer =
      question === "cpu"
        ? milliseconds(process.threadCpuUsage())
        : (watch ??= new TurnWatch()).take();
    process.send?.(answer);
  });
}
