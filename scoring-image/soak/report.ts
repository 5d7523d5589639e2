import type { Finding } from "./scenario";

/** A whole run. */
export interface Report {
  readonly seed: number;
  readonly minutes: number;
  readonly startedAt: string;
  /** Node's version, processor, and what was pinned where. */
  readonly machine: string;
  readonly scenarios: readonly ({ readonly name: string; readonly seconds: number } & Finding)[];
}

/** `missed` is a figure that a busy machine may spoil; `failed` is a defect. */
export function verdicts({ scenarios }: Report) {
  const checks = scenarios.flatMap((scenario) => scenario.checks);
  return {
    held: checks.filter(({ holds }) => holds).length,
    missed: checks.filter(({ holds, isFigure }) => !holds && isFigure === true).length,
    failed: checks.filter(({ holds, isFigure }) => !holds && isFigure !== true).length,
  };
}

const cell = (text: string | number) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");

/** The report for people. */
export function markdown(report: Report): string {
  const { held, missed, failed } = verdicts(report);
  const lines = [
    `# Soak run of ${report.minutes} minutes, seed ${report.seed}`,
    "",
    `${report.startedAt}, ${report.machine}.`,
    "",
    `${held} claims held, ${failed} failed, ${missed} figures missed.`,
  ];
  for (const { name, seconds, figures, checks } of report.scenarios) {
    lines.push("", `## ${name} (${seconds.toFixed(0)} s)`, "");
    for (const [what, value] of Object.entries(figures)) lines.push(`- ${what}: ${value}`);
    if (checks.length === 0) continue;
    lines.push("", "| claim | seen | |", "|---|---|---|");
    for (const { claim, seen, holds, isFigure } of checks) {
      const verdict = holds ? "holds" : isFigure ? "MISSED" : "FAILED";
      lines.push(`| ${cell(claim)} | ${cell(seen)} | ${verdict} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
