import { check, figure, type Check } from "../soak/scenario";
import type { Attack } from "./attack";
import type { AttackReport } from "./attackOrder";
import type { Service } from "./goodClients";
import type { Usage } from "./measure";
import type { Health } from "./probes";

/** What was seen of one attack. */
export interface Finding {
  readonly name: string;
  readonly attack: Attack;
  /** Probes and good clients without the attack. */
  readonly control: Seen;
  /** The same beside it; undefined where the server was told to stop. */
  readonly during: Seen | undefined;
  readonly report: AttackReport;
  /** From the attack's beginning to its end. */
  readonly seconds: number;
  /** When the server had warmed up, just before the attack, and when the recovery was over. */
  readonly warmed: Usage;
  readonly before: Usage;
  readonly after: Usage;
  /** Seconds until the server held no more than when it was warm; undefined when it did not come back. */
  readonly recovery: number | undefined;
  /** CPU time of the server, less what the control's rate would have taken, in milliseconds. */
  readonly cpuMs: number;
  /** From SIGTERM to the end, where the server was told to stop. */
  readonly stopSeconds: number | undefined;
  /** How the process ended, and lines of its log; undefined while it lives. */
  readonly ending: string | undefined;
}

interface Seen {
  readonly health: Health;
  readonly service: Service;
}

/** Most resident memory of a server with a limit of 1 GiB, in MB. */
export const mostRssMb = 700;

/** What may be left of an attack: the greater of so many MB and this share of the warmed server's. */
const leftOver = { mb: 60, share: 0.15 } as const;

/** Descriptors and threads that come and go without an attack. */
const comings = { descriptors: 16, threads: 2 } as const;

/** How late health may answer, and how much later than without the attack, in milliseconds. */
const healthMs = 250;

/** How much longer than its grace period a stopping server may take, in seconds. */
export const stopSlackSeconds = 5;

/** Most resident memory that counts as given back, in MB. */
export const rssBackMb = (warmed: Usage): number =>
  Math.max(warmed.rssMb + leftOver.mb, warmed.rssMb * (1 + leftOver.share));

/** Whether a server has given back what an attack made it take. */
export function isBack(now: Usage, warmed: Usage): boolean {
  return (
    now.rssMb <= rssBackMb(warmed) &&
    now.descriptors <= warmed.descriptors + comings.descriptors &&
    now.threads <= warmed.threads + comings.threads
  );
}

const mb = (value: number) => `${value.toFixed(0)} MB`;
const list = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, count]) => `${count} x ${what}`)
    .join(", ") || "none";

/**
 * What is claimed of every attack, and whether it held.
 * @param graceSeconds grace period of a server that was told to stop
 * @param isLimited whether the server was in a memory limit; without one it goes by the machine's memory, and what it takes is a figure
 */
export function claims(finding: Finding, graceSeconds: number, isLimited: boolean): Check[] {
  const { attack, during, report, stopSeconds } = finding;
  const memory = isLimited ? check : figure;
  const peak = memory(
    `resident memory stays below ${mostRssMb} MB`,
    finding.after.peakMb < mostRssMb,
    mb(finding.after.peakMb),
  );
  const refusal = refused(attack, report);
  if (during === undefined) {
    const longest = graceSeconds + stopSlackSeconds;
    const seen = `${stopSeconds?.toFixed(1)} s`;
    return [
      peak,
      check(`SIGTERM ends it within ${longest} s`, Number(stopSeconds) <= longest, seen),
    ];
  }
  return [
    check("the process lives", finding.ending === undefined, finding.ending ?? "alive"),
    peak,
    memory(...givenBack(finding)),
    ...served(finding.control.health, during),
    refusal,
  ];
}

function givenBack({ recovery, warmed, after }: Finding): [string, boolean, string] {
  return [
    `memory (${mb(rssBackMb(warmed))} or less), descriptors and threads come back`,
    recovery !== undefined,
    recovery === undefined
      ? `${mb(after.rssMb)}, ${after.descriptors} descriptors for ${warmed.descriptors}, ${after.threads} threads for ${warmed.threads}`
      : `after ${recovery.toFixed(1)} s`,
  ];
}

function served(control: Health, { health, service }: Seen): Check[] {
  const latest = control.p99Ms < healthMs ? healthMs : control.p99Ms + healthMs;
  return [
    check(
      `health answers within ${latest.toFixed(0)} ms p99`,
      health.p99Ms <= latest,
      `${health.p99Ms.toFixed(0)} ms, ${health.failed} of ${health.probes} failed`,
    ),
    check(
      "good clients lose nothing",
      service.lost === 0,
      `${service.scored} scored; lost ${list(service.faults)}`,
    ),
  ];
}

/** The attacker meets what is documented and nothing else. */
function refused({ outcomes, refusals }: Attack, report: AttackReport): Check {
  const met = Object.keys(report.outcomes);
  const isRefused = refusals.length === 0 || met.some((one) => refusals.includes(one));
  return check(
    refusals.length === 0 ? `met with ${outcomes.join(", ")}` : `refused: ${refusals.join(", ")}`,
    isRefused && met.every((one) => outcomes.includes(one)),
    list(report.outcomes),
  );
}
