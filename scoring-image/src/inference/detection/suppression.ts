/** A box as left, top, right, bottom, with left <= right and top <= bottom; the unit is the caller's. */
export type Corners = readonly [left: number, top: number, right: number, bottom: number];

/** A box of one class with its score. */
export interface ScoredBox {
  readonly box: Corners;
  readonly classIndex: number;
  /** 0..1 */
  readonly score: number;
}

const area = ([left, top, right, bottom]: Corners) => (right - left) * (bottom - top);

/** Intersection over union, 0..1; NaN for two boxes without area. */
export function overlap(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / (area(a) + area(b) - shared);
}

/** Best score first; ties keep their order. */
export const byScore = (a: ScoredBox, b: ScoredBox) => b.score - a.score;

/**
 * Greedy non-maximum suppression within each class: of two boxes that overlap by more than `iouThreshold`, the lower-scoring one goes.
 * @param boxes sorted by `byScore`
 * @param limit stop when so many are kept
 */
export function suppress(
  boxes: readonly ScoredBox[],
  iouThreshold: number,
  limit: number,
): ScoredBox[] {
  const kept: ScoredBox[] = [];
  const keptByClass = new Map<number, Corners[]>();
  for (const candidate of boxes) {
    if (kept.length === limit) break;
    const rivals = keptByClass.get(candidate.classIndex) ?? [];
    if (rivals.some((rival) => overlap(rival, candidate.box) > iouThreshold)) continue;
    kept.push(candidate);
    rivals.push(candidate.box);
    keptByClass.set(candidate.classIndex, rivals);
  }
  return kept;
}
