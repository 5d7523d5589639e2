import type { HealthResult } from "./health";
import type { Client, LoadResult } from "./load";
import type { Random } from "./random";
import type { Server, ServerOptions } from "./server";

/** One claim and what was seen of it. */
export interface Check {
  readonly claim: string;
  readonly seen: string;
  readonly holds: boolean;
  /** A matter of speed or memory, which a busy machine may spoil. */
  readonly isFigure?: true;
}

/** What a scenario has to say. */
export interface Finding {
  readonly figures: Readonly<Record<string, string | number>>;
  readonly checks: readonly Check[];
}

/** What scenarios share. */
export interface Soak {
  /** The server that lives through the whole run. */
  readonly server: Server;
  readonly client: Client;
  readonly random: Random;
  /** One of the photographs that the client sends. */
  readonly photograph: Buffer;
  /** Folder for logs and files of this run. */
  readonly folder: string;
  /** Requests a second that the server can score under this pinning; the first scenario measures it. */
  capacity: number;
  /** Another server on the same core. */
  readonly startServer: (options?: Partial<ServerOptions>) => Promise<Server>;
  /** Ends the lanes of a server; see `faultHooks.ts`. */
  readonly endLanes: (server: Server) => boolean;
}

export interface Scenario {
  readonly name: string;
  /** Share of the run's time; the last scenario also takes what the others leave. */
  readonly share: number;
  readonly run: (soak: Soak, seconds: number) => Promise<Finding>;
}

export const check = (claim: string, holds: boolean, seen: string | number): Check => ({
  claim,
  holds,
  seen: String(seen),
});

export const figure = (claim: string, holds: boolean, seen: string | number): Check => ({
  ...check(claim, holds, seen),
  isFigure: true,
});

/** No accepted request may be lost, answered twice, or answered with something else. */
export function answeredOnce(load: LoadResult, handled?: number): Check[] {
  const faults = Object.entries(load.faults).map(([reason, count]) => `${count} x ${reason}`);
  const bad = load.lost + load.unanswered + load.wrong;
  const once = check(
    "every accepted request is answered, with its own scores or 503 and Retry-After",
    bad === 0,
    bad === 0
      ? `${load.scored} scored, ${load.rejected} rejected of ${load.sent}`
      : faults.join("; "),
  );
  if (handled === undefined) return [once];
  const answered = load.scored + load.rejected;
  return [
    once,
    check(
      "the server counts as many requests as were answered",
      handled === answered,
      `${handled} and ${answered}`,
    ),
  ];
}

/** A late answer may be the machine's fault, none at all is the server's. */
export function healthAnswers({ probes, failed, late, maxMs }: HealthResult): Check {
  const seen = `${failed} of ${probes} failed, ${late} were late, slowest ${maxMs.toFixed(0)} ms`;
  const verdict = failed > 0 ? check : figure;
  return verdict("health answers every probe within 2 s", failed + late === 0, seen);
}

export const ms = (value: number): string =>
  Number.isFinite(value) ? `${value.toFixed(1)} ms` : "none";
