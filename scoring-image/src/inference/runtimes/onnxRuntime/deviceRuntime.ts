import type { OutputTensor } from "../../tensors";
import type { Availability, BatchRow, BlockingRuntime, NumberedRun } from "../runtime";
import { DeviceInput, placeRows, type PlacedRow } from "./deviceInput";
import { FixedOutputs, FreeOutputs, type DeviceOutputs } from "./deviceOutputs";
import { GatedRuns } from "./gatedRuns";
import type { DeviceSessions, LaneHandle } from "./laneHandle";
import { CudaRuntime } from "./native/cudaRuntime";
import { NativeMemory } from "./native/nativeMemory";
import { OnnxRuntime } from "./native/onnxRuntime";
import { batchDims, bytesPerRow, type RowFormat } from "./onnxRuntimePlan";
import { outputsOfRows } from "./outputRows";
import { plannedOutputs } from "./outputShapes";
import { prefixNames } from "./prefixModel";
import { Turn } from "./turn";
import { warmLadder, zeroRows } from "./warmLadder";

/** What the runs of one size take, made once. */
interface PreparedSize {
  readonly size: number;
  readonly session: bigint;
  readonly binding: bigint;
  readonly runOptions: bigint;
  /** `OrtIoBinding *` of the prefix for this many pictures; undefined where there is none. */
  readonly prefix: bigint | undefined;
}

/**
 * A lane on the GPU. A run waits for the device twice: once in ONNX Runtime, for the stream that
 * all lanes share, and once for the outputs' way home. Rows go to the device, and outputs come
 * back, on a stream of the lane's own while another lane's batch runs.
 */
export class DeviceRuntime implements BlockingRuntime {
  readonly isBlocking = true;
  readonly #runtime = new OnnxRuntime();
  readonly #cuda = new CudaRuntime();
  readonly #memory = new NativeMemory();
  readonly #runs: GatedRuns;
  readonly #turn: Turn;
  /** For copies; `sessions.stream` is what models run on. */
  readonly #copies: bigint;
  readonly #event: bigint;
  readonly #device: bigint;
  readonly #prefixOptions: bigint;
  readonly #input: DeviceInput;
  readonly #outputs: DeviceOutputs;
  #prepared: readonly PreparedSize[];
  #usedBytes = 0;

  /** @throws Error when the device refuses memory, or an output is of a type that is not served */
  constructor(
    private readonly lane: LaneHandle,
    private readonly sessions: DeviceSessions,
  ) {
    const { plan, graph } = lane;
    const [runtime, cuda, memory] = [this.#runtime, this.#cuda, this.#memory];
    const largest = plan.sizes.at(-1) as number;
    this.#runs = new GatedRuns(runtime, lane);
    this.#turn = new Turn(sessions.turn);
    this.#copies = cuda.stream(memory);
    this.#event = cuda.event(memory);
    // OrtDeviceAllocator, device 0, OrtMemTypeDefault.
    this.#device = runtime.make(memory, "ReleaseMemoryInfo", (out) =>
      runtime.call.CreateMemoryInfo("Cuda", 0, 0, 0, out),
    );
    this.#prefixOptions = runtime.make(memory, "ReleaseRunOptions", (out) =>
      runtime.call.CreateRunOptions(out),
    );
    runtime.check(
      runtime.call.AddRunConfigEntry(
        this.#prefixOptions,
        "disable_synchronize_execution_providers",
        "1",
      ),
    );
    this.#input = new DeviceInput(cuda, memory, plan, largest);
    const outputs = plannedOutputs(
      graph,
      plan.outputs.map(({ name }) => name),
    );
    const context = { runtime, cuda, memory, device: this.#device, outputs };
    this.#outputs = sessions.hasFixedShapes
      ? new FixedOutputs(context, largest)
      : new FreeOutputs(context);
    this.#prepared = sessions.sessions.map((sized, i) => this.#prepare(sized, i));
  }

  get sizes(): readonly number[] {
    return this.#prepared.map(({ size }) => size);
  }

  watch(listener: (availability: Availability) => void): void {
    listener({ graph: this.lane.graph });
  }

  #prepare({ size, session }: DeviceSessions["sessions"][number], index: number): PreparedSize {
    const { plan } = this.lane;
    const { call } = this.#runtime;
    const binding = this.#bind(
      session,
      plan.input.name,
      this.#input.declared,
      plan.transform,
      size,
    );
    this.#outputs.bind(binding, size);
    const runOptions = this.#runtime.make(this.#memory, "ReleaseRunOptions", (out) =>
      call.CreateRunOptions(out),
    );
    if (this.sessions.isCaptured) {
      // ONNX Runtime keeps graphs for as long as the session: another lane's addresses are built
      // into its own.
      const id = this.lane.number * this.sessions.sessions.length + index;
      this.#runtime.check(call.AddRunConfigEntry(runOptions, "gpu_graph_id", String(id)));
    }
    return { size, session, binding, runOptions, prefix: this.#preparePrefix(size) };
  }

  #preparePrefix(size: number): bigint | undefined {
    const { plan } = this.lane;
    const { prefix } = this.sessions;
    const { pictures } = this.#input;
    if (prefix === undefined || pictures === undefined) return undefined;
    const binding = this.#bind(prefix, prefixNames.input, pictures, plan.rows, size);
    const output = this.#tensor(this.#input.declared, plan.transform, size);
    this.#runtime.check(this.#runtime.call.BindOutput(binding, prefixNames.output, output));
    return binding;
  }

  #bind(session: bigint, name: string, address: bigint, format: RowFormat, size: number): bigint {
    const { call } = this.#runtime;
    const binding = this.#runtime.make(this.#memory, "ReleaseIoBinding", (out) =>
      call.CreateIoBinding(session, out),
    );
    this.#runtime.check(call.BindInput(binding, name, this.#tensor(address, format, size)));
    return binding;
  }

  #tensor(address: bigint, format: RowFormat, size: number): bigint {
    const bytes = size * bytesPerRow(format);
    const over = { data: address, bytes, dims: batchDims(format, size), dtype: format.dtype };
    return this.#runtime.makeTensor(this.#memory, this.#device, over);
  }

  /** The rows returned are views of this lane's memory, which the next run writes over. */
  run(rows: readonly BatchRow[], { id }: NumberedRun): OutputTensor[][] {
    const prepared = this.#sizeFor(rows.length);
    const { converted, declared } = placeRows(rows, this.lane.plan);
    this.#runs.run(id, () => this.#call(prepared, converted, declared));
    const outputs = this.#outputs.read(prepared.binding, prepared.size);
    const found = outputsOfRows(outputs, prepared.size, rows.length);
    const ordered: OutputTensor[][] = [];
    [...converted, ...declared].forEach(({ index }, i) => {
      ordered[index] = found[i] as OutputTensor[];
    });
    return ordered;
  }

  #sizeFor(count: number): PreparedSize {
    const prepared = this.#prepared.find(({ size }) => size >= count);
    if (!prepared) throw new Error(`${count} rows are more than the largest size`);
    return prepared;
  }

  /** @returns the status of the run; whatever comes of it, the device has done with the rows */
  #call(
    prepared: PreparedSize,
    converted: readonly PlacedRow[],
    declared: readonly PlacedRow[],
  ): bigint | null {
    const cuda = this.#cuda;
    const { stream } = this.sessions;
    let isThrough = false;
    try {
      if (converted.length > 0) this.#input.uploadPictures(converted, this.#copies);
      else this.#input.uploadDeclared(declared, 0, this.#copies);
      const status = this.#turn.take(this.lane.number, () => {
        cuda.order(this.#event, this.#copies, stream);
        const refused = this.#convert(converted, declared, stream);
        if (refused !== null) return refused;
        this.#outputs.prepare(prepared.binding);
        const { session, runOptions, binding } = prepared;
        const ran = this.#runtime.call.RunWithBinding(session, runOptions, binding);
        cuda.order(this.#event, stream, this.#copies);
        return ran;
      });
      if (status !== null) return status;
      this.#outputs.download(prepared.size, this.#copies);
      cuda.wait(this.#event, this.#copies);
      isThrough = true;
      return null;
    } finally {
      if (!isThrough) this.#drain();
    }
  }

  /**
   * Turns pictures into the declared input; tensors go behind them.
   * @returns the status of the
   * prefix
   */
  #convert(
    converted: readonly PlacedRow[],
    declared: readonly PlacedRow[],
    stream: bigint,
  ): bigint | null {
    const { prefix } = this.sessions;
    if (converted.length === 0 || prefix === undefined) return null;
    const { prefix: binding } = this.#sizeFor(converted.length);
    // It has no convolutions, so that a change of shape costs it nothing; it goes on without a
    // wait.
    const status = this.#runtime.call.RunWithBinding(prefix, this.#prefixOptions, binding ?? null);
    // It fills a whole size, so they may only come after it.
    if (status === null) this.#input.uploadDeclared(declared, converted.length, stream);
    return status;
  }

  /** After a failure: nothing may still be written or read when the next batch comes. */
  #drain(): void {
    this.#cuda.call.cudaStreamSynchronize(this.#copies);
    this.#cuda.call.cudaStreamSynchronize(this.sessions.stream);
    this.#cuda.call.cudaGetLastError();
  }

  warmUp(): void {
    const warm = warmLadder(this.lane.plan, this.sizes, (size) => {
      for (const rows of zeroRows(this.lane.plan, size)) this.run(rows, { id: 1 });
    });
    this.#prepared = this.#prepared.filter(({ size }) => warm.includes(size));
    const { free } = this.#cuda.memory();
    this.#usedBytes = this.sessions.freeBefore - free;
    const { gpuMemoryLimit = Infinity } = this.lane.plan;
    if (this.#usedBytes <= gpuMemoryLimit) return;
    throw new Error(
      `batches of ${this.sizes.join(", ")} take ${megabytes(this.#usedBytes)} of GPU memory, the limit is ${megabytes(gpuMemoryLimit)}`,
    );
  }

  describe(): string {
    const how = this.sessions.isCaptured ? "as CUDA graphs" : "without CUDA graphs";
    const { free } = this.#cuda.memory();
    return `batches of ${this.sizes.join(", ")} on the GPU ${how}; ${megabytes(this.#usedBytes)} of its memory used, ${megabytes(free)} free`;
  }

  /** Lets the GPU read rows from that memory by itself. */
  pin(memory: SharedArrayBuffer): void {
    this.#cuda.pin(this.#memory, new Uint8Array(memory));
  }

  close(): void {
    this.#runs.close();
    this.#memory.free();
  }
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
