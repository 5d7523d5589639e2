import type { Kernel } from "./kernel";
import type { Pixels } from "./pixels";
import { bytesOf, planTables, writeTables, type Tables } from "./tables";
import type { ImageTransform } from "./transform";

/** Memory of the tables of one kernel: some dozens of sizes of photographs. */
export const cacheBytes = 1024 * 1024;

interface Entry {
  readonly width: number;
  readonly height: number;
  readonly strideX: number;
  readonly strideY: number;
  readonly tables: Tables;
}

/** Keeps the tables of the latest sizes and orientations in a kernel's memory, and forgets all of them when it is full. */
export class TableCache {
  #entries: Entry[] = [];
  #used = 0;

  /** @param kernel made with `cacheBytes` for tables */
  constructor(
    private readonly kernel: Kernel,
    private readonly transform: ImageTransform,
  ) {}

  /** Tables for the size and orientation of `pixels`; undefined when they alone are more than the memory. */
  find(pixels: Pixels): Tables | undefined {
    const { width, height, strideX, strideY } = pixels;
    for (const entry of this.#entries) {
      if (
        entry.width === width &&
        entry.height === height &&
        entry.strideX === strideX &&
        entry.strideY === strideY
      )
        return entry.tables;
    }
    const plan = planTables(this.kernel, this.transform, pixels);
    const bytes = bytesOf(plan);
    if (bytes > cacheBytes) return undefined;
    if (this.#used + bytes > cacheBytes) {
      this.#entries = [];
      this.#used = 0;
    }
    const address = this.kernel.tables + this.#used;
    this.#used += bytes;
    const tables = writeTables(this.kernel, plan, address, pixels);
    this.#entries.push({ width, height, strideX, strideY, tables });
    return tables;
  }
}
