import { elementTypes, type ElementType } from "./elements";
import { loadFunctions } from "./library";
import type { NativeMemory } from "./nativeMemory";
import type { FunctionName, Functions } from "./signatures";

/** Errors reach us as statuses; ONNX Runtime would also print them, outside of our log. */
export const logFatal = 4;

/** What koffi adds to a function: the same call in a thread of koffi's. */
interface Asynchronous {
  readonly async: (...given: unknown[]) => void;
}

/** ONNX Runtime's C API in this thread, every status looked at. */
export class OnnxRuntime {
  readonly call: Functions = loadFunctions();

  /** @throws Error with ONNX Runtime's message when the status is one of failure */
  check(status: bigint | null): void {
    if (status === null) return;
    const message = this.call.GetErrorMessage(status);
    this.call.ReleaseStatus(status);
    throw new Error(message);
  }

  /**
   * Calls a function that writes one value of up to 64 bits through a pointer.
   * @throws Error with ONNX Runtime's message
   */
  read(call: (out: BigUint64Array) => bigint | null): bigint {
    const out = new BigUint64Array(1);
    this.check(call(out));
    return out[0] as bigint;
  }

  /** Makes something that `memory` then owns. @throws Error with ONNX Runtime's message */
  make(
    memory: NativeMemory,
    release: Extract<FunctionName, `Release${string}`>,
    call: (out: BigUint64Array) => bigint | null,
  ): bigint {
    return memory.adopt(this.read(call), (handle) => this.call[release](handle));
  }

  /**
   * Calls a function in a thread of koffi's, so that this one can go on.
   * @throws Error with ONNX Runtime's message
   */
  async apart<Name extends FunctionName>(
    name: Name,
    ...given: Parameters<Functions[Name]>
  ): Promise<void> {
    const called = this.call[name] as unknown as Asynchronous;
    const status = await new Promise<bigint | null>((resolve, reject) => {
      called.async(...given, (error: Error | null, result: bigint | null) =>
        error ? reject(error) : resolve(result),
      );
    });
    this.check(status);
  }

  /**
   * Makes a tensor over memory that outlives it, without a copy.
   * @param place the memory's kind, from `CreateCpuMemoryInfo` or `CreateMemoryInfo`
   * @param data held by `memory`, or native
   */
  makeTensor(
    memory: NativeMemory,
    place: bigint,
    { data, bytes, dims, dtype }: TensorOver,
  ): bigint {
    const shape = BigInt64Array.from(dims, BigInt);
    return this.make(memory, "ReleaseValue", (out) =>
      this.call.CreateTensorWithDataAsOrtValue(
        ...([place, data, bytes] as const),
        ...([shape, dims.length, elementTypes[dtype], out] as const),
      ),
    );
  }

  /** What memory of this process's own is called. */
  cpuMemory(memory: NativeMemory): bigint {
    // OrtArenaAllocator, OrtMemTypeDefault.
    return this.make(memory, "ReleaseMemoryInfo", (out) =>
      this.call.CreateCpuMemoryInfo(1, 0, out),
    );
  }
}

/** Memory that a tensor is made over. */
export interface TensorOver {
  readonly data: bigint;
  readonly bytes: number;
  readonly dims: readonly number[];
  readonly dtype: ElementType;
}
