import type { InferencePlan } from "../../src/inference/plan";
import type {
  Availability,
  BatchRow,
  NumberedRun,
  Runtime,
} from "../../src/inference/runtimes/runtime";
import type { OutputTensor } from "../../src/inference/tensors";
import { warmUpRun } from "../../src/inference/threads/orders";
import { graphOutputs } from "../../src/model/graph";
import { word, type DeviceHandle } from "./device";

/** A lane of an emulated device: each output is the mean of a row's colours, taken in turn, so that answers tell which row they are of. */
export class EmulatedLane implements Runtime {
  readonly isBlocking = true;
  readonly sizes: readonly number[];
  readonly #plan: InferencePlan;
  readonly #handle: DeviceHandle;
  readonly #memory: Int32Array;
  /** Sizes that have a captured graph each, so that going from one to another changes no shape. */
  readonly #warmed = new Set<number>();

  constructor(plan: InferencePlan, handle: DeviceHandle) {
    this.#plan = plan;
    this.#handle = handle;
    this.sizes = plan.runtime.sizes;
    this.#memory = new Int32Array(handle.memory);
  }

  watch(listener: (availability: Availability) => void): void {
    const { input } = this.#plan.model;
    const outputs = graphOutputs(this.#plan.model);
    listener({ graph: { holder: "the device", where: "here", inputs: [input], outputs } });
  }

  run(rows: readonly BatchRow[], { id }: NumberedRun): OutputTensor[][] {
    const size = this.sizes.find((one) => one >= rows.length) as number;
    // The warm-up is neither logged nor held.
    const isLogged = id !== warmUpRun;
    this.#lock();
    try {
      if (isLogged) this.#log(size, rows);
      this.#spend(size, isLogged);
    } finally {
      this.#unlock();
    }
    return rows.map((row) => this.#outputsOf(row));
  }

  warmUp(): void {
    for (const size of this.sizes) this.#warmed.add(size);
  }

  describe(): string {
    return `batches of ${this.sizes.join(", ")} on an emulated device`;
  }

  close(): void {
    // Nothing is held.
  }

  /** The device runs one batch at a time. */
  #lock(): void {
    while (Atomics.compareExchange(this.#memory, word.lock, 0, 1) !== 0) {
      Atomics.wait(this.#memory, word.lock, 1);
    }
  }

  #unlock(): void {
    Atomics.store(this.#memory, word.lock, 0);
    Atomics.notify(this.#memory, word.lock, 1);
  }

  #log(size: number, rows: readonly BatchRow[]): void {
    const tags = rows.map(({ data }) => Math.trunc(data[0] as number));
    const entry = [this.#handle.lane, size, rows.length, ...tags];
    const at = Atomics.load(this.#memory, word.logEnd);
    // A bench has more runs than there is room for, and nobody reads them.
    if (at + entry.length > this.#memory.length) return;
    this.#memory.set(entry, at);
    Atomics.store(this.#memory, word.logEnd, at + entry.length);
  }

  #spend(size: number, isHeld: boolean): void {
    const { traits } = this.#handle;
    if (traits.isManual && isHeld) return this.#awaitPermit();
    const changeMs = this.#warmed.has(size) ? 0 : traits.shapeChangeMs;
    sleep(costOf(size, traits.costs) + changeMs);
  }

  #awaitPermit(): void {
    Atomics.add(this.#memory, word.waiting, 1);
    for (;;) {
      const permits = Atomics.load(this.#memory, word.permits);
      if (permits === 0) Atomics.wait(this.#memory, word.permits, 0);
      else if (
        Atomics.compareExchange(this.#memory, word.permits, permits, permits - 1) === permits
      )
        break;
    }
    Atomics.sub(this.#memory, word.waiting, 1);
  }

  #outputsOf({ data, from }: BatchRow): OutputTensor[] {
    const { rows, model } = this.#plan;
    const { layout } = from === "picture" ? rows : model.input.transform;
    const pixels = this.#handle.traits.sampledPixels ?? data.length / 3;
    const means = meansOf(data, layout === "NCHW", pixels);
    return graphOutputs(model).map(({ name, shape }) => {
      const dims = [1, ...shape.slice(1).map(Number)];
      const length = dims.reduce((product, one) => product * one, 1);
      return { name, dims, data: Float32Array.from({ length }, (_, i) => means[i % 3] as number) };
    });
  }
}

/** Means of the colours of a row's first pixels. */
function meansOf(data: ArrayLike<number>, isPlanar: boolean, pixels: number): number[] {
  const [plane, step] = isPlanar ? [data.length / 3, 1] : [1, 3];
  return [0, 1, 2].map((colour) => {
    let sum = 0;
    for (let i = 0; i < pixels; i++) sum += data[colour * plane + i * step] as number;
    return sum / pixels;
  });
}

function costOf(size: number, costs: DeviceHandle["traits"]["costs"]): number {
  const above = costs.find(([one]) => one >= size) ?? costs.at(-1);
  const below = costs.findLast(([one]) => one <= size) ?? costs[0];
  if (!above || !below || above[0] === below[0]) return (above ?? below)?.[1] ?? 0;
  const share = (size - below[0]) / (above[0] - below[0]);
  return below[1] + share * (above[1] - below[1]);
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Futexes sleep to within some 0.1 ms. */
const sleep = (ms: number) => void Atomics.wait(never, 0, 0, ms);
