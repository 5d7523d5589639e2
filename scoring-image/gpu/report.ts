import { writeFileSync } from "node:fs";

/** Something that must hold, and what was seen. */
export interface Check {
  readonly claim: string;
  readonly seen: string;
  readonly holds: boolean;
}

type Cell = string | number;

/**
 * Collects figures and checks, prints them as they come, and writes all so far to a file after
 * each: a run that is cut off leaves those.
 */
export class Report {
  readonly #figures: Record<string, unknown> = {};
  readonly #checks: Check[] = [];
  readonly #started = performance.now();

  /** @param file where JSON goes @param about machine and options */
  constructor(
    private readonly file: string | undefined,
    private readonly about: Readonly<Record<string, unknown>>,
  ) {
    this.say(
      Object.entries(about)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join("\n"),
    );
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get holds(): boolean {
    return this.#checks.every(({ holds }) => holds);
  }

  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  heading(text: string): void {
    this.say(`\n== ${text} (at ${this.elapsedSeconds.toFixed(0)} s)`);
  }

  /** Keeps figures under a name, such as `clients/resnet50-float16`. */
  keep(name: string, figures: unknown): void {
    this.#figures[name] = figures;
    this.#write();
  }

  check(claim: string, holds: boolean, seen: string): void {
    this.#checks.push({ claim, seen, holds });
    this.say(`${holds ? "holds " : "FAILED"}  ${claim}: ${seen}`);
    this.#write();
  }

  /** Prints rows below their column's names, all flush right. */
  table(names: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const texts = [names, ...rows.map((row) => row.map(textOf))];
    const widths = names.map((_, i) => Math.max(...texts.map((row) => (row[i] ?? "").length)));
    for (const row of texts) {
      this.say(row.map((text, i) => text.padStart(widths[i] as number)).join("  "));
    }
  }

  #write(): void {
    if (this.file === undefined) return;
    const { about } = this;
    const seconds = this.elapsedSeconds;
    const content = { about, seconds, figures: this.#figures, checks: this.#checks };
    writeFileSync(this.file, `${JSON.stringify(content, null, 1)}\n`);
  }
}

/** Numbers with about three digits; what is not known is a dash. */
export function textOf(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (!Number.isFinite(cell)) return "-";
  if (Number.isInteger(cell)) return String(cell);
  const digits = Math.abs(cell) >= 100 ? 0 : Math.abs(cell) >= 10 ? 1 : Math.abs(cell) >= 1 ? 2 : 3;
  return cell.toFixed(digits);
}

/** A share 0..1 in percent. */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(100 * share)}%` : "-";
