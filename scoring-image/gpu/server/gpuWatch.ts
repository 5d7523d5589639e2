import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { watchChild } from "../children";

/** How often nvidia-smi is asked to report; the driver itself averages over up to a second. */
const everyMs = 200;

interface Sample {
  readonly atMs: number;
  readonly busyPercent: number;
  readonly usedMb: number;
}

/** One line of the report: `57, 1234`. @returns undefined for what is none */
export function parseSample(line: string): Omit<Sample, "atMs"> | undefined {
  const [, busy, used] = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(line) ?? [];
  return used === undefined ? undefined : { busyPercent: Number(busy), usedMb: Number(used) };
}

/** How busy the first GPU is, as nvidia-smi tells; where there is none, nothing is known. */
export class GpuWatch {
  readonly #samples: Sample[] = [];
  readonly #child: ChildProcess;

  constructor() {
    const fields = "--query-gpu=utilization.gpu,memory.used";
    const args = ["-i", "0", fields, "--format=csv,noheader,nounits", "-lms", String(everyMs)];
    this.#child = spawn("nvidia-smi", args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#child.on("error", () => undefined);
    watchChild(this.#child);
    createInterface(this.#child.stdout as Readable).on("line", (line) => {
      const sample = parseSample(line);
      if (sample) this.#samples.push({ atMs: performance.now(), ...sample });
    });
  }

  /**
   * Share of a span in which kernels ran, 0..1, and the most memory used in MB; NaN where nothing
   * is known.
   */
  between(fromMs: number, toMs: number): { readonly busyShare: number; readonly usedMb: number } {
    const samples = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    if (samples.length === 0) return { busyShare: NaN, usedMb: NaN };
    const sum = samples.reduce((total, { busyPercent }) => total + busyPercent, 0);
    return {
      busyShare: sum / samples.length / 100,
      usedMb: Math.max(...samples.map(({ usedMb }) => usedMb)),
    };
  }

  close(): void {
    this.#child.kill();
  }
}
