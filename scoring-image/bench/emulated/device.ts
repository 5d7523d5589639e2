import type { RuntimeHost } from "../../src/inference/runtimes/host";

/** How an emulated device behaves. */
export interface DeviceTraits {
  /** What a run takes: milliseconds by size, ascending; between two sizes on the line that joins them. */
  readonly costs: readonly (readonly [size: number, ms: number])[];
  /** What a lane pays for a run in a shape that was not warmed, in milliseconds. */
  readonly shapeChangeMs: number;
  /** Pixels of a row whose mean is its answer; unless told all, which costs a lane more than a run and is for tests. */
  readonly sampledPixels?: number;
  /** Runs end when they are let go, and not by the clock; those of the warm-up take their time. */
  readonly isManual?: boolean;
}

/**
 * An H200 with ResNet-50 in float16, as a bare loop over captured graphs measured it; without graphs each change of shape costs 100 ms and more.
 * Docs: docs/benchmarks.md.
 */
export const h200: DeviceTraits = {
  costs: [
    [1, 0.6],
    [8, 1.12],
    [32, 3.02],
    [64, 5.79],
  ],
  shapeChangeMs: 100,
};

/** One run as the device saw it. */
export interface DeviceRun {
  readonly lane: number;
  /** Rows with their padding. */
  readonly size: number;
  /** First value of each row that is not padding. */
  readonly tags: readonly number[];
}

/** What each lane is given; all of it is shared. */
export interface DeviceHandle {
  readonly lane: number;
  readonly traits: DeviceTraits;
  /** int32, see {@link word}. */
  readonly memory: SharedArrayBuffer;
}

/** Words of the shared memory; runs are logged from `log` on, as long as there is room. */
export const word = { lock: 0, permits: 1, logEnd: 2, waiting: 3, log: 4 } as const;

const words = 1 << 18;

/** The controls of an emulated device; its lanes run in the pipeline's threads (`stageWorker.ts` beside this file). */
export class EmulatedDevice {
  readonly #memory = new Int32Array(new SharedArrayBuffer(4 * words));

  constructor(private readonly traits: DeviceTraits) {
    Atomics.store(this.#memory, word.logEnd, word.log);
  }

  /** What the pipeline opens in place of a runtime. */
  readonly openHost = (): Promise<RuntimeHost> =>
    Promise.resolve({
      handleOf: (lane: number): DeviceHandle => ({
        ...{ lane, traits: this.traits, memory: this.#memory.buffer },
      }),
      cancel: () => undefined,
      close: () => Promise.resolve(),
    });

  /** All runs so far that have begun, those of the warm-up left out, in their order. */
  get runs(): readonly DeviceRun[] {
    const runs: DeviceRun[] = [];
    const end = Atomics.load(this.#memory, word.logEnd);
    for (let at: number = word.log; at < end;) {
      const [lane = 0, size = 0, count = 0] = this.#memory.subarray(at, at + 3);
      const tags = [...this.#memory.subarray(at + 3, at + 3 + count)];
      runs.push({ lane, size, tags });
      at += 3 + count;
    }
    return runs;
  }

  /** Runs that have begun and wait to be let go. */
  get waiting(): number {
    return Atomics.load(this.#memory, word.waiting);
  }

  /** Lets so many runs of a manual device end, those included that have not begun. */
  release(count: number): void {
    Atomics.add(this.#memory, word.permits, count);
    Atomics.notify(this.#memory, word.permits);
  }
}
