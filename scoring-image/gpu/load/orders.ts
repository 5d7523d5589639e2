import type { Step } from "./closedLoop";
import type { Target } from "./connection";
import type { OpenLoad } from "./openLoop";
import type { RoughLoad, RoughOutcomes } from "./roughLoad";
import type { Outcomes } from "./tally";

/** Where requests go and what they carry; the load process reads the pictures itself. */
export interface Requests extends Target {
  /** Path and query of the requests. */
  readonly path: string;
  readonly key: string;
  /** Files of pictures, taken in turns. */
  readonly pictures: readonly string[];
}

/** What the load process is asked to do. */
export type Load =
  | { readonly kind: "closed"; readonly steps: readonly Step[] }
  | ({ readonly kind: "open" } & OpenLoad)
  | ({ readonly kind: "rough" } & RoughLoad)
  | { readonly kind: "answers"; readonly clients: number; readonly ms: number };

/** Scores as an answer lists them. */
export type Scores = readonly number[];

/** Answers of all clients against those that the service gave when it was idle. */
export interface AnswersOutcome {
  readonly outcomes: Outcomes;
  /** For each picture its scores on the idle service. */
  readonly idle: readonly Scores[];
  /** Largest difference of a score from that of the idle service, for each picture. */
  readonly largestDifference: readonly number[];
}

/** What the load process answers with, by the kind of load. */
export interface LoadResults {
  closed: readonly Outcomes[];
  open: Outcomes;
  rough: RoughOutcomes;
  answers: AnswersOutcome;
}

export interface LoadOrder {
  readonly requests: Requests;
  readonly load: Load;
}

export type LoadReply =
  | {
      readonly result: LoadResults[keyof LoadResults];
      /** CPU that the load process itself used meanwhile, in milliseconds. */
      readonly cpuMs: number;
    }
  | { readonly error: string };
