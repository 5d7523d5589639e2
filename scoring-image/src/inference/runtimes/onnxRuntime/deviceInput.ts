import type { BatchRow, RowData } from "../runtime";
import { toDevice, type CudaRuntime } from "./native/cudaRuntime";
import type { NativeMemory } from "./native/nativeMemory";
import {
  bytesPerRow,
  isDeclaredFormat,
  rowArrays,
  valuesPerRow,
  type OnnxRuntimePlan,
} from "./onnxRuntimePlan";

/** A row with its place in the batch that was asked for. */
export interface PlacedRow {
  readonly data: RowData;
  readonly index: number;
}

/**
 * Rows in the order in which they lie on the device: those that the prefix converts come first.
 * @throws Error when a row has other values than its format says, or there is none
 */
export function placeRows(
  rows: readonly BatchRow[],
  plan: OnnxRuntimePlan,
): { readonly converted: readonly PlacedRow[]; readonly declared: readonly PlacedRow[] } {
  if (rows.length === 0) throw new Error("a batch has no rows");
  const needsPrefix = !isDeclaredFormat(plan);
  const placed = rows.map(({ data, from }, index) => ({
    ...{ data, index },
    isConverted: needsPrefix && from === "picture",
  }));
  for (const { data, isConverted } of placed) {
    const format = isConverted ? plan.rows : plan.transform;
    if (data.length === valuesPerRow(format) && data instanceof rowArrays[format.dtype]) continue;
    throw new Error(`a row holds ${data.length} values of ${data.constructor.name}`);
  }
  return {
    converted: placed.filter(({ isConverted }) => isConverted),
    declared: placed.filter(({ isConverted }) => !isConverted),
  };
}

/** Rows that lie next to each other in one memory are one copy. */
export function contiguous(rows: readonly PlacedRow[]): RowRun[] {
  const runs: RowRun[] = [];
  for (const { data } of rows) {
    const last = runs.at(-1);
    const isNext =
      last?.first.buffer === data.buffer && last.first.byteOffset + last.bytes === data.byteOffset;
    if (last && isNext) last.bytes += data.byteLength;
    else runs.push({ first: data, bytes: data.byteLength });
  }
  return runs;
}

/** Bytes that begin with a row. */
export interface RowRun {
  readonly first: RowData;
  bytes: number;
}

/** A lane's input on the device, at addresses that never change: CUDA graphs have them built in. */
export class DeviceInput {
  /** The declared input, room for the largest size. */
  readonly declared: bigint;
  /** What the prefix takes; undefined where there is none. */
  readonly pictures: bigint | undefined;
  readonly #rowBytes: { readonly declared: number; readonly pictures: number };

  constructor(
    private readonly cuda: CudaRuntime,
    memory: NativeMemory,
    plan: OnnxRuntimePlan,
    largest: number,
  ) {
    this.#rowBytes = { declared: bytesPerRow(plan.transform), pictures: bytesPerRow(plan.rows) };
    this.declared = cuda.allocate(memory, largest * this.#rowBytes.declared);
    this.pictures = isDeclaredFormat(plan)
      ? undefined
      : cuda.allocate(memory, largest * this.#rowBytes.pictures);
  }

  /** Copies rows for the prefix. */
  uploadPictures(rows: readonly PlacedRow[], stream: bigint): void {
    if (this.pictures !== undefined) this.#upload(this.pictures, rows, stream);
  }

  /** Copies rows of the declared format behind `before` others. */
  uploadDeclared(rows: readonly PlacedRow[], before: number, stream: bigint): void {
    this.#upload(this.declared + BigInt(before * this.#rowBytes.declared), rows, stream);
  }

  #upload(address: bigint, rows: readonly PlacedRow[], stream: bigint): void {
    let to = address;
    for (const { first, bytes } of contiguous(rows)) {
      this.cuda.copy(to, first, bytes, toDevice, stream);
      to += BigInt(bytes);
    }
  }
}
