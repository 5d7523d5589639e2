import type { Kernel } from "./kernel";
import type { Pixels } from "./pixels";
import { axesOf, tapBytes, writeTaps, type Axis } from "./taps";
import { geometry, type ImageTransform } from "./transform";
import { tapsOf, windowBytes, writeWindows } from "./windows";

/** What the tables of one size of picture hold, and how much memory they take. */
export interface TablePlan {
  readonly columns: Axis;
  readonly rows: Axis;
  /** Source positions for each output position; 0 for legacy bilinear, which needs no windows. */
  readonly columnTaps: number;
  readonly rowTaps: number;
  readonly columnBytes: number;
  readonly rowBytes: number;
  /** Memory for the narrowed rows that a window spans. */
  readonly ringBytes: number;
}

/** Where the tables lie in a kernel's memory. */
export interface Tables extends TablePlan {
  readonly address: number;
}

const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16;

/** Plans the tables for pictures of the size of `pixels`. */
export function planTables(kernel: Kernel, transform: ImageTransform, pixels: Pixels): TablePlan {
  const cut = geometry(transform, pixels.width, pixels.height);
  const { columns, rows } = axesOf(pixels, cut, transform);
  if (transform.kernel === "legacyBilinear") {
    const columnBytes = tapBytes(paddedCount(columns));
    const rowBytes = tapBytes(rows.count);
    return { columns, rows, columnTaps: 0, rowTaps: 0, columnBytes, rowBytes, ringBytes: 0 };
  }
  const columnTaps = tapsOf(columns);
  const rowTaps = tapsOf(rows);
  return {
    columns,
    rows,
    columnTaps,
    rowTaps,
    columnBytes: aligned(windowBytes(columns, columnTaps)),
    rowBytes: aligned(windowBytes(rows, rowTaps)),
    ringBytes: 2 * rowTaps * kernel.exports.rowBytes(),
  };
}

export const bytesOf = ({ columnBytes, rowBytes, ringBytes }: TablePlan): number =>
  columnBytes + rowBytes + ringBytes;

/** The kernel takes four columns at a time. */
const paddedCount = ({ count }: Axis) => Math.ceil(count / 4) * 4;

/** Writes planned tables to `address`, a multiple of 16. */
export function writeTables(
  { buffer }: Kernel,
  plan: TablePlan,
  address: number,
  { strideX, strideY }: Pixels,
): Tables {
  const { columns, rows, columnTaps, rowTaps, columnBytes } = plan;
  if (columnTaps === 0) {
    writeTaps(buffer, address, columns, strideX, paddedCount(columns));
    writeTaps(buffer, address + columnBytes, rows, strideY, rows.count);
  } else {
    writeWindows(buffer, address, columns, columnTaps, strideX);
    writeWindows(buffer, address + columnBytes, rows, rowTaps, 1);
  }
  return { ...plan, address };
}

/** Runs the kernel over a picture. @param data address of `pixels.data` in the kernel's memory */
export function runKernel(
  { exports }: Kernel,
  tables: Tables,
  { origin, strideX, strideY }: Pixels,
  data: number,
): void {
  const { address, columnTaps, rowTaps, columnBytes, rowBytes, rows } = tables;
  const rowTable = address + columnBytes;
  if (columnTaps === 0) {
    exports.legacyBilinear(data + origin, address, rowTable, rows.count);
    return;
  }
  exports.antialiasedBilinear(
    data + origin,
    strideX,
    strideY,
    address,
    columnTaps,
    rowTable,
    rowTaps,
    rows.count,
    rowTable + rowBytes,
  );
}
