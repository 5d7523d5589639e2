/** What the process that runs a lane is asked for. */
export interface LaneOrder {
  /** Folder of the model package. */
  readonly model: string;
  readonly provider: "cpu" | "cuda";
  /** Numbers of rows; the default ladder of a GPU unless given. */
  readonly sizes?: readonly number[] | undefined;
  /** Files of pictures. */
  readonly pictures: readonly string[];
  /** Time for each size in milliseconds; undefined measures no floor. */
  readonly floorMs?: number | undefined;
  /** Whether scores are compared with those of the CPU. */
  readonly comparesScores: boolean;
}

/** A bare loop over batches of one size. */
export interface SizeFloor {
  readonly size: number;
  /** Median of a run in milliseconds, from rows in this process's memory to outputs there. */
  readonly ms: number;
  readonly rowsPerSecond: number;
}

/** Scores of one size of batch against those of the CPU, one picture at a time. */
export interface SizeEquality {
  readonly size: number;
  /**
   * Largest difference of rows that came from pictures, in standard deviations of the CPU's output.
   */
  readonly pictures: number;
  /** The same of rows that came as tensors. */
  readonly tensors: number;
}

export interface LaneReport {
  /** What the runtime says of itself, and how long it took to be warm. */
  readonly description: string;
  readonly openMs: number;
  readonly floor?: readonly SizeFloor[];
  /** Decoding and resizing in one thread, by the picture's name, in milliseconds. */
  readonly decodeMs?: Readonly<Record<string, number>>;
  readonly equality?: readonly SizeEquality[];
}

export type LaneReply = { readonly report: LaneReport } | { readonly error: string };
