import type { ScoredClass } from "../src/inference/classification";
import type { Detection } from "../src/inference/detections";
import type { Features } from "./answer";
import { printable } from "./printable";
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
    const share = Math.min(1, Math.max(0, found.probability));
    return "█".repeat(Math.round(share * barWidth)).padEnd(barWidth, "░");
  }
  const { left, top, right, bottom } = found.box;
  const [x, y, w, h] = [left, top, right - left, bottom - top].map(Math.round);
  return `${w} x ${h} at ${x}, ${y}`;
}

function rowsOf(top: readonly (ScoredClass | Detection)[]): string[] {
  const labels = top.map(({ label }) => printable(label));
  const width = Math.min(
    44,
    labels.reduce((most, { length }) => Math.max(most, length), 0),
  );
  return top.map((found, i) => {
    const share = "probability" in found ? found.probability : found.score;
    const percent = `${(100 * share).toFixed(1)} %`.padStart(7);
    const label = (labels[i] as string).slice(0, width).padEnd(width);
    return `  ${label}  ${percent}  ${detail(found)}`;
  });
}

/** Shape, Euclidean norm and first values of an output; there may be millions. */
function featuresRow({ name, shape, values }: Features, count: number): string {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const first = values.slice(0, count).map((value) => Number(value.toPrecision(6)));
  const rest = values.length > count ? " ..." : "";
  return `  ${name ?? "features"} [${shape.join(", ")}], norm ${norm.toPrecision(6)}: ${first.join(" ")}${rest}`;
}

/**
 * Prints what was found in a picture, one class, box or output a line, or on standard error why nothing was. Nothing that a service says
 * reaches the terminal but as text.
 * @param count most values of an output
 */
export function printTable({ file, result }: Outcome, count: number): void {
  if (result instanceof ScoringFailure) {
    process.stderr.write(`${printable(`${file}: ${result.message}`)}\n`);
    return;
  }
  const { top, features, ms, modelMs } = result;
  const rows = [...rowsOf(top), ...features.map((output) => featuresRow(output, count))];
  const share =
    modelMs === undefined ? "" : `, of which picture and model ${modelMs.toFixed(1)} ms`;
  const title = `${file}  (${ms.toFixed(1)} ms${share})`;
  const lines = [title, ...(rows.length > 0 ? rows : ["  nothing found"])];
  process.stdout.write(`${lines.map(printable).join("\n")}\n\n`);
}
