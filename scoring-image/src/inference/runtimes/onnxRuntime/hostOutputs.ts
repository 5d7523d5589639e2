import { bytesPerElement, copyOf, outputDtype, served, valuesOver } from "./native/elements";
import { NativeMemory } from "./native/nativeMemory";
import type { OnnxRuntime } from "./native/onnxRuntime";
import { typeAndShape } from "./native/sessionGraph";
import { elementCount, type BatchOutput } from "./outputRows";
import type { PlannedOutput } from "./outputShapes";

/** A tensor that every run of one size writes to. */
interface FixedTensor {
  readonly value: bigint;
  readonly dims: readonly number[];
  readonly values: ReturnType<typeof valuesOver>;
}

/**
 * Memory for an output of any size's run.
 * @returns undefined when a run decides the shape
 */
export function outputMemory({ dtype, row }: PlannedOutput, rows: number): ArrayBuffer | undefined {
  return row && new ArrayBuffer(rows * elementCount(row) * bytesPerElement(dtype));
}

/**
 * The outputs of the runs of one size in this process's memory: those of known shape are written to
 * memory of ours, all others are made by ONNX Runtime in each run.
 */
export class HostOutputs {
  /** `OrtValue *` of each output for `Run`; null asks ONNX Runtime to make it. */
  readonly pointers: BigUint64Array;
  readonly #fixed: readonly (FixedTensor | undefined)[];

  /** @param buffers memory of each output, shared by all sizes: see `outputMemory` */
  constructor(
    private readonly runtime: OnnxRuntime,
    memory: NativeMemory,
    place: bigint,
    private readonly outputs: readonly PlannedOutput[],
    buffers: readonly (ArrayBuffer | undefined)[],
    size: number,
  ) {
    this.#fixed = outputs.map(({ dtype, row }, i) => {
      const buffer = buffers[i];
      if (!row || !buffer) return undefined;
      const dims = [size, ...row];
      const values = valuesOver(dtype, buffer, 0, elementCount(dims));
      const over = { data: memory.hold(values), bytes: values.byteLength, dims, dtype };
      return { value: runtime.makeTensor(memory, place, over), dims, values };
    });
    this.pointers = BigUint64Array.from(this.#fixed, (tensor) => tensor?.value ?? 0n);
  }

  /** What the last run has written. What ONNX Runtime made in it is copied and released. */
  read(): BatchOutput[] {
    return this.outputs.map(({ name }, i) => {
      const fixed = this.#fixed[i];
      if (fixed) return { name, dims: fixed.dims, data: served(fixed.values) };
      const value = this.pointers[i] as bigint;
      this.pointers[i] = 0n;
      return { name, ...takeTensor(this.runtime, name, value) };
    });
  }
}

/** Copies a tensor that ONNX Runtime made in memory of this process, and releases it. */
export function takeTensor(
  runtime: OnnxRuntime,
  name: string,
  tensor: bigint,
): Omit<BatchOutput, "name"> {
  const { call } = runtime;
  const memory = new NativeMemory();
  try {
    const value = memory.adopt(tensor, (made) => call.ReleaseValue(made));
    const info = runtime.make(memory, "ReleaseTensorTypeAndShapeInfo", (out) =>
      call.GetTensorTypeAndShape(value, out),
    );
    const { dtype, shape } = typeAndShape(runtime, info);
    const dims = shape as number[];
    const address = runtime.read((out) => call.GetTensorMutableData(value, out));
    return { dims, data: copyOf(outputDtype(name, dtype), address, elementCount(dims)) };
  } finally {
    memory.free();
  }
}
