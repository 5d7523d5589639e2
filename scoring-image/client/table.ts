import type { ScoredClass } from "../src/inference/classification";
import type { Detection } from "../src/inference/detections";
import type { Scored } from "./scoringClient";
import { ScoringFailure } from "./scoringFailure";

/** A picture's scores, or why it has none. */
export interface Outcome {
  readonly file: string;
  readonly result: Scored | ScoringFailure;
}

const barWidth = 24;

/** A bar for a class; for a detected object where it is, in pixels. */
function detail(found: ScoredClass | Detection): string {
  if ("probability" in found) {
    return "█".repeat(Math.round(found.probability * barWidth)).padEnd(barWidth, "░");
  }
  const { left, top, right, bottom } = found.box;
  const [x, y, w, h] = [left, top, right - left, bottom - top].map(Math.round);
  return `${w} x ${h} at ${x}, ${y}`;
}

/** Prints what was found in a picture, one class or box a line, or on standard error why nothing was. */
export function printTable({ file, result }: Outcome): void {
  if (result instanceof ScoringFailure) {
    process.stderr.write(`${file}: ${result.message}\n`);
    return;
  }
  const { top, ms, modelMs } = result;
  const width = Math.min(44, Math.max(...top.map(({ label }) => label.length), 0));
  const rows = top.map((found) => {
    const share = "probability" in found ? found.probability : found.score;
    const percent = `${(100 * share).toFixed(1)} %`.padStart(7);
    return `  ${found.label.slice(0, width).padEnd(width)}  ${percent}  ${detail(found)}`;
  });
  const share =
    modelMs === undefined ? "" : `, of which picture and model ${modelMs.toFixed(1)} ms`;
  const title = `${file}  (${ms.toFixed(1)} ms${share})`;
  process.stdout.write(
    `${[title, ...(rows.length > 0 ? rows : ["  nothing found"])].join("\n")}\n\n`,
  );
}
