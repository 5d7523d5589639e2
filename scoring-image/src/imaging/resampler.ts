import { Kernel, type RowData } from "./kernel";
import type { Pixels } from "./pixels";
import { cacheBytes, TableCache } from "./tableCache";
import { bytesOf, planTables, runKernel, writeTables } from "./tables";
import type { ImageTransform } from "./transform";

export type { RowData } from "./kernel";

/** Pictures up to this many bytes of RGB share memory that is kept; larger ones are rare and must not pin theirs. */
const keptBytes = 3 * 8_000_000;

/** Turns decoded pictures into rows of the input tensor, one at a time; one for each thread. */
export class Resampler {
  readonly #transform: ImageTransform;
  readonly #kernel: Kernel;
  readonly #tables: TableCache;
  /** Takes one large picture and is dropped. */
  #large: Kernel | undefined;

  /** @throws Error when the compiled kernels are not there */
  constructor(transform: ImageTransform) {
    this.#transform = transform;
    this.#kernel = new Kernel(transform, cacheBytes);
    this.#tables = new TableCache(this.#kernel, transform);
  }

  /** Memory to decode `bytes` of RGB pixels into, from which `resample` need not copy them; valid until either is called. */
  pixelBuffer(bytes: number): Buffer {
    if (bytes <= keptBytes) return this.#kernel.pixelBuffer(bytes);
    this.#large = new Kernel(this.#transform, 0);
    return this.#large.pixelBuffer(bytes);
  }

  /**
   * Resizes, crops and normalises a picture, which may lie anywhere.
   * @returns float32, uint8 or the bits of float16, [3, height, width] or [height, width, 3] by the transform's layout; valid until the next
   *   call of this method or of `pixelBuffer`
   */
  resample(pixels: Pixels): RowData {
    const { data } = pixels;
    const large = this.#large;
    this.#large = undefined;
    if (large?.buffer === data.buffer) return this.#resampleOnce(large, pixels);
    if (data.buffer !== this.#kernel.buffer) {
      return this.resample(copied(pixels, this.pixelBuffer(data.byteLength)));
    }
    const tables = this.#tables.find(pixels);
    if (!tables) {
      const kernel = new Kernel(this.#transform, 0);
      return this.#resampleOnce(kernel, copied(pixels, kernel.pixelBuffer(data.byteLength)));
    }
    runKernel(this.#kernel, tables, pixels, data.byteOffset);
    return this.#kernel.row;
  }

  /** Resamples in a kernel that is then dropped, and keeps the row alone. */
  #resampleOnce(kernel: Kernel, pixels: Pixels): RowData {
    // More memory leaves `pixels.data` without its own, but the bytes where they are.
    const address = pixels.data.byteOffset;
    const plan = planTables(kernel, this.#transform, pixels);
    const tables = writeTables(kernel, plan, kernel.allocate(bytesOf(plan)), pixels);
    runKernel(kernel, tables, pixels, address);
    this.#kernel.row.set(kernel.row);
    return this.#kernel.row;
  }
}

function copied(pixels: Pixels, into: Buffer): Pixels {
  into.set(pixels.data);
  return { ...pixels, data: into };
}
