import { takeTensor } from "./hostOutputs";
import { toHost, type CudaRuntime } from "./native/cudaRuntime";
import { bytesPerElement, served, valuesOver } from "./native/elements";
import { NativeMemory, viewOf } from "./native/nativeMemory";
import type { OnnxRuntime } from "./native/onnxRuntime";
import { elementCount, type BatchOutput } from "./outputRows";
import type { PlannedOutput } from "./outputShapes";

/** Where a lane's runs leave their outputs. */
export interface DeviceOutputs {
  /** Binds the outputs of one size's runs. */
  bind(binding: bigint, size: number): void;
  /** To be called before each run. */
  prepare(binding: bigint): void;
  /** Starts to bring home what a run leaves on the device. */
  download(size: number, stream: bigint): void;
  /** What the last run has left, once all is here. */
  read(binding: bigint, size: number): BatchOutput[];
}

/** The APIs that outputs need, and the memory that owns what they make. */
export interface OutputContext {
  readonly runtime: OnnxRuntime;
  readonly cuda: CudaRuntime;
  readonly memory: NativeMemory;
  /** `OrtMemoryInfo *` of the device. */
  readonly device: bigint;
  readonly outputs: readonly PlannedOutput[];
}

/** An output of known shape: on the device and here. */
interface FixedOutput extends PlannedOutput {
  readonly row: readonly number[];
  readonly address: bigint;
  readonly values: ReturnType<typeof valuesOver>;
}

const pageBytes = 4096;

/** Outputs of known shape, at addresses that never change, copied to pinned memory. */
export class FixedOutputs implements DeviceOutputs {
  readonly #outputs: readonly FixedOutput[];

  constructor(
    private readonly context: OutputContext,
    largest: number,
  ) {
    const { cuda, memory, outputs } = context;
    this.#outputs = outputs.map(({ name, dtype, row = [] }) => {
      const length = largest * elementCount(row);
      const bytes = length * bytesPerElement(dtype);
      // Whole pages of its own: a page can be pinned only once.
      const buffer = new ArrayBuffer(pageBytes * (Math.ceil(bytes / pageBytes) + 1));
      const start = memory.hold(new Uint8Array(buffer));
      const offset = (pageBytes - Number(start % BigInt(pageBytes))) % pageBytes;
      cuda.pin(memory, new Uint8Array(buffer, offset, pageBytes * Math.ceil(bytes / pageBytes)));
      const values = valuesOver(dtype, buffer, offset, length);
      return { name, dtype, row, values, address: cuda.allocate(memory, bytes) };
    });
  }

  bind(binding: bigint, size: number): void {
    const { runtime, memory, device } = this.context;
    for (const { name, dtype, row, address } of this.#outputs) {
      const dims = [size, ...row];
      const bytes = elementCount(dims) * bytesPerElement(dtype);
      const value = runtime.makeTensor(memory, device, { data: address, bytes, dims, dtype });
      runtime.check(runtime.call.BindOutput(binding, name, value));
    }
  }

  prepare(): void {
    // They stay bound to where they are.
  }

  download(size: number, stream: bigint): void {
    for (const { dtype, row, address, values } of this.#outputs) {
      const bytes = size * elementCount(row) * bytesPerElement(dtype);
      this.context.cuda.copy(values, address, bytes, toHost, stream);
    }
  }

  read(_binding: bigint, size: number): BatchOutput[] {
    return this.#outputs.map(({ name, row, values }) => {
      const dims = [size, ...row];
      return { name, dims, data: served(values.subarray(0, elementCount(dims))) };
    });
  }
}

/** Outputs whose shape a run decides: ONNX Runtime makes them, in memory of this process. */
export class FreeOutputs implements DeviceOutputs {
  readonly #host: bigint;

  constructor(private readonly context: OutputContext) {
    this.#host = context.runtime.cpuMemory(context.memory);
  }

  bind(): void {
    // A binding keeps what a run has made, in that run's shape; so it is bound before each.
  }

  prepare(binding: bigint): void {
    const { runtime, outputs } = this.context;
    for (const { name } of outputs) {
      runtime.check(runtime.call.BindOutputToDevice(binding, name, this.#host));
    }
  }

  download(): void {
    // The run itself brings them here.
  }

  read(binding: bigint): BatchOutput[] {
    const { runtime, outputs } = this.context;
    const { call } = runtime;
    const allocator = runtime.read((out) => call.GetAllocatorWithDefaultOptions(out));
    const count = new BigUint64Array(1);
    const list = runtime.read((out) => call.GetBoundOutputValues(binding, allocator, out, count));
    const memory = new NativeMemory();
    try {
      memory.adopt(list, (made) => runtime.check(call.AllocatorFree(allocator, made)));
      const values = new BigUint64Array(viewOf(list, 8 * outputs.length)).slice();
      return outputs.map(({ name }, i) => ({
        ...{ name },
        ...takeTensor(runtime, name, values[i] as bigint),
      }));
    } finally {
      memory.free();
    }
  }
}
