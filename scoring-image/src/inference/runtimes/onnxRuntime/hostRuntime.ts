import type { OutputTensor } from "../../tensors";
import type { Availability, BatchRow, NumberedRun, RowData, BlockingRuntime } from "../runtime";
import { GatedRuns } from "./gatedRuns";
import { HostOutputs, outputMemory } from "./hostOutputs";
import type { HostSession, LaneHandle } from "./laneHandle";
import { elementTypes } from "./native/elements";
import { NativeMemory } from "./native/nativeMemory";
import { OnnxRuntime } from "./native/onnxRuntime";
import { batchDims, bytesPerRow, rowArrays, valuesPerRow } from "./onnxRuntimePlan";
import { outputsOfRows } from "./outputRows";
import { plannedOutputs } from "./outputShapes";

/** Runs before a lane is ready: the first is about a third slower than the others. */
const warmUpRuns = 3;

/** What the runs of one size take, made once. */
interface PreparedSize {
  readonly size: number;
  readonly dims: BigInt64Array;
  readonly bytes: number;
  readonly outputs: HostOutputs;
}

/** A lane on the CPU: runs batches in the calling thread, on the session that all lanes share. */
export class HostRuntime implements BlockingRuntime {
  readonly isBlocking = true;
  readonly sizes: readonly number[];
  readonly #runtime = new OnnxRuntime();
  readonly #memory = new NativeMemory();
  readonly #runs: GatedRuns;
  readonly #place: bigint;
  /** Batches of several rows; a single row is run where it lies. */
  readonly #staging: RowData;
  readonly #inputNames: bigint;
  readonly #outputNames: bigint;
  /** `OrtValue *` of the present run's input. */
  readonly #input = new BigUint64Array(1);
  readonly #prepared: readonly PreparedSize[];

  /** @throws Error when an output is of a type that is not served */
  constructor(
    private readonly lane: LaneHandle,
    private readonly session: HostSession,
  ) {
    const { plan, graph } = lane;
    this.sizes = plan.sizes;
    this.#runs = new GatedRuns(this.#runtime, lane);
    this.#place = this.#runtime.cpuMemory(this.#memory);
    const largest = plan.sizes.at(-1) as number;
    const Values = rowArrays[plan.transform.dtype];
    this.#staging = new Values(largest > 1 ? largest * valuesPerRow(plan.transform) : 0);
    const names = plan.outputs.map(({ name }) => name);
    this.#inputNames = this.#memory.texts([plan.input.name]);
    this.#outputNames = this.#memory.texts(names);
    const outputs = plannedOutputs(graph, names);
    const buffers = outputs.map((output) => outputMemory(output, largest));
    this.#prepared = plan.sizes.map((size) => ({
      size,
      dims: BigInt64Array.from(batchDims(plan.transform, size), BigInt),
      bytes: size * bytesPerRow(plan.transform),
      outputs: new HostOutputs(this.#runtime, this.#memory, this.#place, outputs, buffers, size),
    }));
  }

  watch(listener: (availability: Availability) => void): void {
    listener({ graph: this.lane.graph });
  }

  /** The rows returned are views of this lane's memory, which the next run writes over. */
  run(rows: readonly BatchRow[], { id }: NumberedRun): OutputTensor[][] {
    const prepared = this.#prepared.find(({ size }) => size >= rows.length);
    if (!prepared) throw new Error(`${rows.length} rows are more than the largest size`);
    const batch = this.#batch(rows, prepared.size);
    this.#runs.run(id, () => this.#call(batch, prepared));
    return outputsOfRows(prepared.outputs.read(), prepared.size, rows.length);
  }

  /** The rows' values one after the other; padding is what an earlier batch has left there. */
  #batch(rows: readonly BatchRow[], size: number): RowData {
    const values = valuesPerRow(this.lane.plan.transform);
    const Values = rowArrays[this.lane.plan.transform.dtype];
    for (const { data } of rows) {
      if (data.length === values && data instanceof Values) continue;
      throw new Error(`a row holds ${data.length} values of ${data.constructor.name}`);
    }
    const [first] = rows;
    if (!first) throw new Error("a batch has no rows");
    if (size === 1) return first.data;
    rows.forEach(({ data }, i) => this.#staging.set(data, i * values));
    return this.#staging;
  }

  /** @returns the status of the run */
  #call(batch: RowData, { dims, bytes, outputs }: PreparedSize): bigint | null {
    const { call } = this.#runtime;
    const type = elementTypes[this.lane.plan.transform.dtype];
    const [place, input] = [this.#place, this.#input];
    this.#runtime.check(
      call.CreateTensorWithDataAsOrtValue(place, batch, bytes, dims, dims.length, type, input),
    );
    const { pointers } = outputs;
    try {
      return call.Run(
        ...([this.session.session, this.lane.runOptions] as const),
        ...([this.#inputNames, input, 1] as const),
        ...([this.#outputNames, pointers.length, pointers] as const),
      );
    } finally {
      call.ReleaseValue(input[0] as bigint);
    }
  }

  /** A run that fails is not fatal: a model may refuse zeros and still be right about pictures. */
  warmUp(): void {
    const { plan } = this.lane;
    const Values = rowArrays[plan.transform.dtype];
    const row: BatchRow = { data: new Values(valuesPerRow(plan.transform)), from: "tensor" };
    // The largest first, so that the arena has its full size.
    for (const size of plan.sizes.toReversed()) {
      const rows = Array.from({ length: size }, () => row);
      for (let i = 0; i < warmUpRuns; i++) this.#tryRun(rows);
    }
  }

  #tryRun(rows: readonly BatchRow[]): void {
    try {
      this.run(rows, { id: 1 });
    } catch {
      // The first real batch will say what is wrong.
    }
  }

  describe(): string {
    return `batches of ${this.sizes.join(", ")} on the CPU`;
  }

  close(): void {
    this.#runs.close();
    this.#memory.free();
  }
}
