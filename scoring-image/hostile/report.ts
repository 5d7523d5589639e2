import type { Check } from "../soak/scenario";
import type { Finding } from "./claims";

/** One attack, judged. */
export interface Judged {
  readonly finding: Finding;
  readonly checks: readonly Check[];
}

/** A claim that failed; a missed figure is not one. */
export const failures = ({ checks }: Judged): readonly Check[] =>
  checks.filter(({ holds, isFigure }) => !holds && isFigure !== true);

const columns = [
  "attack",
  "sent",
  "CPU ms a KB",
  "RSS before, peak, after (MB)",
  "health p99, control (ms)",
  "lost of good",
  "met with",
  "failed claims",
] as const;

const size = (bytes: number) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(0)} MB`;

const number = (value: number) =>
  Number.isFinite(value) ? value.toPrecision(value < 100 ? 2 : 4).replace(/\.0+$/, "") : "none";

function row(judged: Judged): string[] {
  const { name, report, cpuMs, before, after, control, during, ending, stopSeconds } =
    judged.finding;
  const outcomes = Object.entries(report.outcomes).map(([what, count]) => `${count} x ${what}`);
  const stop = stopSeconds === undefined ? "" : `SIGTERM took ${stopSeconds.toFixed(1)} s`;
  const rss = [before.rssMb, after.peakMb, ending === undefined ? after.rssMb : NaN];
  return [
    name,
    size(report.bytesSent),
    number(cpuMs / (report.bytesSent / 1000)),
    rss.map((mb) => (Number.isNaN(mb) ? (ending?.split("\n")[0] ?? "") : mb.toFixed(0))).join(", "),
    during ? `${during.health.p99Ms.toFixed(0)}, ${control.health.p99Ms.toFixed(0)}` : stop,
    during ? `${during.service.lost} of ${during.service.lost + during.service.scored}` : "",
    outcomes.join(", "),
    String(failures(judged).length),
  ];
}

const line = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** The attacks and what they did, as a table in Markdown. */
export const table = (all: readonly Judged[]): string =>
  [line(columns), line(columns.map(() => "---")), ...all.map((one) => line(row(one)))].join("\n");

/** The claims of one attack that did not hold, a line each. */
export const complaints = ({ checks }: Judged): readonly string[] =>
  checks
    .filter(({ holds }) => !holds)
    .map(({ claim, seen, isFigure }) => `  ${isFigure ? "MISSED" : "FAILED"}: ${claim}: ${seen}`);
