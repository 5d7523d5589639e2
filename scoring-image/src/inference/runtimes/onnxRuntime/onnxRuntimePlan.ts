import type { ImageTransform } from "../../../imaging/transform";
import type { Dimension } from "../../../model/modelTensors";

/** Where the model can be asked to run (EXECUTION_PROVIDER). */
export const executionProviders = ["cpu", "cuda", "tensorrt"] as const;
export type ExecutionProvider = (typeof executionProviders)[number];

/** Format of a row: of what decoding makes, or of the declared input. */
export type RowFormat = ImageTransform;

/** The model in this process, by ONNX Runtime. */
export interface OnnxRuntimePlan {
  readonly kind: "onnxRuntime";
  /** Path of the ONNX file. */
  readonly modelFile: string;
  /** Where the model must run; nothing falls back. */
  readonly executionProvider: ExecutionProvider;
  /** Threads that a run on the CPU may use; 1 runs everything on the lane's thread. */
  readonly threads: number;
  /** Numbers of rows of the batches that are run, ascending. */
  readonly sizes: readonly number[];
  /**
   * False when the sizes are the default: those that do not fit into the device's memory are left
   * out.
   */
  readonly areSizesExplicit: boolean;
  /** Bound in bytes on the device memory that ONNX Runtime's arena may hold. */
  readonly gpuMemoryLimit?: number | undefined;
  /** A folder that can be written to, where TensorRT keeps its engines between starts. */
  readonly engineCacheFolder?: string | undefined;
  /** The input's name in the graph. */
  readonly input: { readonly name: string };
  /** The input as the graph declares it: format of rows of tensors. */
  readonly transform: RowFormat;
  /** Format of rows of pictures; another one than `transform`'s is converted on the device. */
  readonly rows: RowFormat;
  /** Outputs to compute, in the order in which results list them. */
  readonly outputs: readonly { readonly name: string; readonly shape: readonly Dimension[] }[];
}

/** Number of values of one row. */
export const valuesPerRow = ({ width, height }: RowFormat): number => 3 * width * height;

/** Arrays in which the values of rows lie; float16 as its bits. */
export const rowArrays = {
  float32: Float32Array,
  float16: Uint16Array,
  uint8: Uint8Array,
} as const;

/** Size of one row in bytes. */
export const bytesPerRow = (format: RowFormat): number =>
  valuesPerRow(format) * rowArrays[format.dtype].BYTES_PER_ELEMENT;

/** Shape of `count` rows: [count,3,height,width] or [count,height,width,3]. */
export const batchDims = ({ height, width, layout }: RowFormat, count: number): number[] =>
  layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3];

/** True when rows of pictures are what the graph takes, as they are. */
export const isDeclaredFormat = ({ rows, transform }: OnnxRuntimePlan): boolean =>
  rows.dtype === transform.dtype && rows.layout === transform.layout;
