import { isDeepStrictEqual } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../bench/stats";
import { GrpcScoringClient } from "../client/grpcScoringClient";
import { HttpScoringClient } from "../client/httpScoringClient";
import type { Scored, ScoringClient } from "../client/scoringClient";
import { ScoringFailure } from "../client/scoringFailure";

/** What became of the requests of clients who do no harm. */
export interface Service {
  readonly scored: number;
  readonly lost: number;
  /** What was lost, by reason. */
  readonly faults: Readonly<Record<string, number>>;
  readonly p99Ms: number;
}

export interface Photograph {
  readonly name: string;
  readonly bytes: Buffer<ArrayBuffer>;
}

/** Clients over HTTP, then one over gRPC, and the time between two requests of each, in milliseconds. */
const httpClients = 2;
const everyMs = 500;

/** The product's own clients, each on a connection of its own; a refusal for the moment is tried twice more. */
export class GoodClients {
  readonly #clients: readonly ScoringClient[];
  /** Scores of each photograph on an idle server, by client. */
  #expected: Scored["top"][][] = [];

  constructor(
    url: string,
    key: string,
    private readonly photographs: readonly Photograph[],
  ) {
    const options = { url, key, attempts: 3, timeoutMs: 10_000 };
    const overHttp = Array.from({ length: httpClients }, () => new HttpScoringClient(options));
    this.#clients = [...overHttp, new GrpcScoringClient(options)];
  }

  /** Learns what is right from an idle server; over both protocols the same classes must come first. @throws Error when they do not */
  async learn(): Promise<void> {
    this.#expected = [];
    for (const client of this.#clients) {
      const scores: Scored["top"][] = [];
      for (const { bytes } of this.photographs) scores.push((await client.score(bytes, 5)).top);
      this.#expected.push(scores);
    }
    const classes = this.#expected.map((scores) =>
      scores.map((top) => top.map((one) => ("index" in one ? one.index : undefined))),
    );
    if (!classes.every((one) => isDeepStrictEqual(one, classes[0])))
      throw new Error("HTTP and gRPC do not score the same");
  }

  /** Scores until `isOver`; who had to wait sends the next request at once. */
  async score(isOver: () => boolean): Promise<Service> {
    const latencies: number[] = [];
    const faults: Record<string, number> = {};
    const run = async (client: ScoringClient, index: number) => {
      for (let i = 0; !isOver(); i++) {
        const started = performance.now();
        const fault = await this.#one(client, index, i % this.photographs.length);
        if (fault === undefined) latencies.push(performance.now() - started);
        else faults[fault] = (faults[fault] ?? 0) + 1;
        await delay(Math.max(20, everyMs - (performance.now() - started)));
      }
    };
    await Promise.all(this.#clients.map(run));
    const lost = Object.values(faults).reduce((sum, count) => sum + count, 0);
    return { scored: latencies.length, lost, faults, p99Ms: quantile(latencies, 0.99) };
  }

  async #one(client: ScoringClient, index: number, picture: number): Promise<string | undefined> {
    try {
      const { bytes } = this.photographs[picture] as Photograph;
      const { top } = await client.score(bytes, 5);
      return isDeepStrictEqual(top, this.#expected[index]?.[picture]) ? undefined : "other scores";
    } catch (error) {
      if (error instanceof ScoringFailure) return error.code;
      throw error;
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
