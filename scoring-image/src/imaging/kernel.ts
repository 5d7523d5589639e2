import { compileKernels } from "../kernelModule";
import type { ImageTransform } from "./transform";

/** What `kernels/index.ts` exports; addresses are offsets in `memory`. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  configure(
    width: number,
    height: number,
    dtype: number,
    isPlanar: boolean,
    isReversed: boolean,
  ): number;
  normalise(colour: number, mean: number, scale: number): void;
  allocate(bytes: number): number;
  extend(address: number, bytes: number): number;
  prepareLegacyBilinear(): void;
  legacyBilinear(origin: number, columns: number, rows: number, rowCount: number): void;
  prepareAntialiasedBilinear(): void;
  rowBytes(): number;
  antialiasedBilinear(
    origin: number,
    strideX: number,
    strideY: number,
    columns: number,
    columnTaps: number,
    rows: number,
    rowTaps: number,
    rowCount: number,
    ring: number,
  ): void;
}

/** One row of the input tensor; of float16 the bits. */
export type RowData = Float32Array | Uint8Array | Uint16Array;

/** By their numbers in `kernels/tensor.ts`. */
const dtypes: readonly ImageTransform["dtype"][] = ["float32", "uint8", "float16"];

/** The last pixel is read with the byte behind it. */
const slack = 16;

let compiled: WebAssembly.Module | undefined;

/** The compiled kernels with memory of their own, set up for one transform: pixels, tables and the finished row all lie in it. */
export class Kernel {
  readonly exports: KernelExports;
  /** Address of `tableBytes` that the kernel leaves to its owner. */
  readonly tables: number;
  readonly #transform: ImageTransform;
  readonly #rowAddress: number;
  readonly #pixels: number;
  #pixelBytes = 0;
  #buffer: ArrayBuffer;
  #row: RowData;

  constructor(transform: ImageTransform, tableBytes: number) {
    const { width, height, dtype, layout, order, mean, scale } = transform;
    this.#transform = transform;
    const { exports } = new WebAssembly.Instance((compiled ??= compileKernels("imaging.wasm")));
    const kernel = (this.exports = exports as unknown as KernelExports);
    const type = dtypes.indexOf(dtype);
    this.#rowAddress = kernel.configure(width, height, type, layout === "NCHW", order === "BGR");
    for (const colour of [0, 1, 2] as const) {
      kernel.normalise(colour, mean[colour], scale[colour]);
    }
    if (transform.kernel === "legacyBilinear") kernel.prepareLegacyBilinear();
    else kernel.prepareAntialiasedBilinear();
    this.tables = kernel.allocate(tableBytes);
    // Last, so that it can grow.
    this.#pixels = kernel.allocate(slack);
    this.#buffer = kernel.memory.buffer;
    this.#row = this.#viewRow();
  }

  /** The whole memory: another object once it has grown. */
  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /** What the last run wrote; another object once the memory has grown. */
  get row(): RowData {
    return this.#row;
  }

  /** Memory for `bytes` of pixels, the same at each call. */
  pixelBuffer(bytes: number): Buffer {
    if (bytes > this.#pixelBytes) {
      this.exports.extend(this.#pixels, bytes + slack);
      this.#pixelBytes = bytes;
      this.#refresh();
    }
    return Buffer.from(this.#buffer, this.#pixels, bytes);
  }

  /** Further memory, for a kernel whose pixels need not grow any more. @returns its address, a multiple of 16 */
  allocate(bytes: number): number {
    const address = this.exports.allocate(bytes);
    this.#refresh();
    return address;
  }

  /** Memory that has grown is a new buffer, and the views of the old one are empty. */
  #refresh(): void {
    if (this.exports.memory.buffer === this.#buffer) return;
    this.#buffer = this.exports.memory.buffer;
    this.#row = this.#viewRow();
  }

  #viewRow(): RowData {
    const { width, height, dtype } = this.#transform;
    const Values = { float32: Float32Array, uint8: Uint8Array, float16: Uint16Array }[dtype];
    return new Values(this.#buffer, this.#rowAddress, 3 * width * height);
  }
}
