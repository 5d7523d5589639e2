import { readFileSync } from "node:fs";
import path from "node:path";
import type { Detection } from "../../scoring-image/src/inference/detections";
import { fixtures } from "./paths";

const folder = path.join(fixtures, "detection");

/** Model packages with random weights, made by tools/golden/detection. */
export const detector = (name: "torchvision" | "reference") => path.join(folder, name);

/** 900 x 600 pixels of coloured shapes. */
export const shapes = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(path.join(folder, "shapes.png")));

/** A box as another implementation found it: left, top, right, bottom in pixels of the picture. */
export interface GoldenBox {
  readonly index: number;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
}

export const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(path.join(folder, `${name}.json`), "utf8")) as T;

/**
 * Pairs each expected box with the one of its class that lies closest (two scores that differ by 1e-7 may be in either order).
 * @returns the largest difference of a score, and of a side in pixels
 */
export function differences(found: readonly Detection[], expected: readonly GoldenBox[]) {
  const rest = [...found];
  let score = 0;
  let pixels = 0;
  for (const wanted of expected) {
    const distances = rest.map((candidate) => distance(candidate, wanted));
    const closest = distances.indexOf(Math.min(...distances));
    pixels = Math.max(pixels, distances[closest] ?? Infinity);
    score = Math.max(score, Math.abs((rest[closest]?.score ?? 0) - wanted.score));
    rest.splice(closest, 1);
  }
  return { score, pixels };
}

/** Largest difference of a side in pixels; infinite for another class. */
function distance({ index, box }: Detection, wanted: GoldenBox): number {
  if (index !== wanted.index) return Infinity;
  const sides = [box.left, box.top, box.right, box.bottom];
  return Math.max(...sides.map((side, i) => Math.abs(side - (wanted.box[i] as number))));
}
