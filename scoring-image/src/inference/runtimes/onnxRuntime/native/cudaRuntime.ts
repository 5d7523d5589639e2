import koffi, { type LibraryHandle } from "koffi";
import type { NativeMemory } from "./nativeMemory";
import type { Pointer } from "./signatures";

/** The library that the CUDA provider is linked against; the loader finds both by the same name. */
const fileName = process.platform === "win32" ? "cudart64_13.dll" : "libcudart.so.13";

/**
 * Functions of the CUDA runtime, https://docs.nvidia.com/cuda/cuda-runtime-api, and the C types of
 * their arguments.
 */
const argumentsOf = {
  cudaSetDeviceFlags: ["uint32_t"],
  cudaSetDevice: ["int"],
  cudaGetLastError: [],
  cudaMemGetInfo: ["void *", "void *"],
  cudaMalloc: ["void *", "size_t"],
  cudaFree: ["void *"],
  cudaHostRegister: ["void *", "size_t", "uint32_t"],
  cudaHostUnregister: ["void *"],
  cudaMemcpyAsync: ["void *", "void *", "size_t", "int", "void *"],
  cudaStreamCreateWithFlags: ["void *", "uint32_t"],
  cudaStreamDestroy: ["void *"],
  cudaStreamSynchronize: ["void *"],
  cudaStreamWaitEvent: ["void *", "void *", "uint32_t"],
  cudaEventCreateWithFlags: ["void *", "uint32_t"],
  cudaEventDestroy: ["void *"],
  cudaEventRecord: ["void *", "void *"],
  cudaEventSynchronize: ["void *"],
} as const;
type CudaFunctionName = keyof typeof argumentsOf;

type Arguments<Types extends readonly string[]> = {
  -readonly [Place in keyof Types]: Types[Place] extends "void *" ? Pointer : number;
};

type CudaFunctions = {
  readonly [Name in CudaFunctionName]: (...given: Arguments<(typeof argumentsOf)[Name]>) => number;
};

/** Direction of a copy, as `cudaMemcpyKind` numbers it. */
export const toDevice = 1;
export const toHost = 2;

/**
 * `cudaDeviceScheduleBlockingSync`: a thread that waits for the device leaves its core to decoding.
 */
const blockingSync = 4;
/** `cudaStreamNonBlocking`: no order between it and the default stream. */
const nonBlocking = 1;
/** `cudaEventBlockingSync | cudaEventDisableTiming` */
const quietEvent = 3;
/** `cudaHostRegisterPortable`: pinned for every context. */
const portable = 1;

/** Statuses that are no failure of what was asked for. */
const isAlreadySet = 708;
const isAlreadyRegistered = 712;

interface Loaded {
  readonly library: LibraryHandle;
  readonly call: CudaFunctions;
  readonly messageOf: (status: number) => string;
}

let loaded: Loaded | undefined;

function load(): Loaded {
  let library: LibraryHandle;
  try {
    library = koffi.load(fileName);
  } catch (cause) {
    throw new Error(`${fileName} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  const found = Object.entries(argumentsOf).map(([name, types]) => [
    name,
    library.func(name, "int", [...types]),
  ]);
  const messageOf = library.func("cudaGetErrorString", "str", ["int"]) as Loaded["messageOf"];
  return { library, call: Object.fromEntries(found) as CudaFunctions, messageOf };
}

/** The CUDA runtime in this thread, on the process's first GPU; every status looked at. */
export class CudaRuntime {
  readonly call: CudaFunctions;
  readonly #messageOf: (status: number) => string;

  /** @throws Error when the library is not there, or the process has no GPU */
  constructor() {
    ({ call: this.call, messageOf: this.#messageOf } = loaded ??= load());
    this.check(this.call.cudaSetDevice(0), "cudaSetDevice");
  }

  /**
   * How waiting threads wait, for the whole process: to be called before anything else uses the
   * GPU.
   */
  static waitQuietly(): void {
    const { call, messageOf } = (loaded ??= load());
    const status = call.cudaSetDeviceFlags(blockingSync);
    if (status === 0) return;
    call.cudaGetLastError();
    if (status !== isAlreadySet) throw new Error(`cudaSetDeviceFlags: ${messageOf(status)}`);
  }

  /** @throws Error with CUDA's message when the status is one of failure */
  check(status: number, what: string): void {
    if (status === 0) return;
    // The error would be reported again by whatever asks next.
    this.call.cudaGetLastError();
    throw new Error(`${what}: ${this.#messageOf(status)}`);
  }

  /** Free and total memory of the GPU in bytes. */
  memory(): { readonly free: number; readonly total: number } {
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.check(this.call.cudaMemGetInfo(free, total), "cudaMemGetInfo");
    return { free: Number(free[0]), total: Number(total[0]) };
  }

  /** Memory of the GPU. @returns its address there */
  allocate(memory: NativeMemory, bytes: number): bigint {
    return this.#make(memory, "cudaFree", (out) => this.call.cudaMalloc(out, bytes));
  }

  stream(memory: NativeMemory): bigint {
    return this.#make(memory, "cudaStreamDestroy", (out) =>
      this.call.cudaStreamCreateWithFlags(out, nonBlocking),
    );
  }

  event(memory: NativeMemory): bigint {
    return this.#make(memory, "cudaEventDestroy", (out) =>
      this.call.cudaEventCreateWithFlags(out, quietEvent),
    );
  }

  /**
   * Lets the GPU read and write memory of ours by itself; memory that is pinned already stays so.
   */
  pin(memory: NativeMemory, values: ArrayBufferView): void {
    const address = memory.hold(values);
    const status = this.call.cudaHostRegister(address, values.byteLength, portable);
    if (status === isAlreadyRegistered) {
      this.call.cudaGetLastError();
      return;
    }
    this.check(status, "cudaHostRegister");
    memory.adopt(address, (pinned) =>
      this.check(this.call.cudaHostUnregister(pinned), "cudaHostUnregister"),
    );
  }

  /** Copies in the order of the stream. @param direction `toDevice` or `toHost` */
  copy(to: Pointer, from: Pointer, bytes: number, direction: number, stream: bigint): void {
    const status = this.call.cudaMemcpyAsync(to, from, bytes, direction, stream);
    this.check(status, "cudaMemcpyAsync");
  }

  /** Lets what is appended to `later` from now on wait for all that is in `stream` so far. */
  order(event: bigint, stream: bigint, later: bigint): void {
    this.check(this.call.cudaEventRecord(event, stream), "cudaEventRecord");
    this.check(this.call.cudaStreamWaitEvent(later, event, 0), "cudaStreamWaitEvent");
  }

  /** Waits until the device has done what is in the stream so far. */
  wait(event: bigint, stream: bigint): void {
    this.check(this.call.cudaEventRecord(event, stream), "cudaEventRecord");
    this.check(this.call.cudaEventSynchronize(event), "cudaEventSynchronize");
  }

  #make(
    memory: NativeMemory,
    release: "cudaFree" | "cudaStreamDestroy" | "cudaEventDestroy",
    call: (out: BigUint64Array) => number,
  ): bigint {
    const out = new BigUint64Array(1);
    this.check(call(out), release === "cudaFree" ? "cudaMalloc" : `before ${release}`);
    return memory.adopt(out[0] as bigint, (made) => this.check(this.call[release](made), release));
  }
}
