import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { headers, paths } from "../src/contract";
import { quantile } from "../bench/stats";
import { CallError, send, type Answer } from "./httpClient";
import type { Random } from "./random";
import { keys } from "./server";

/** Where to send load. */
export interface Target {
  readonly url: string;
  readonly ca?: string | undefined;
  readonly key?: string;
}

/** Number of requests by what became of them. Every request is in exactly one of the first six. */
export interface Counts {
  /** 200 with the right scores for this picture. */
  scored: number;
  /** 503 with `Retry-After`. */
  rejected: number;
  /** No connection could be made: the server never had the request. */
  refused: number;
  /** The connection broke before a whole answer came. */
  lost: number;
  /** No answer within 10 s. */
  unanswered: number;
  /** An answer that should not be: another status, another request's id, other scores, no `Retry-After`. */
  wrong: number;
  /** Requests sent a second time because the server had just closed the kept-alive connection (RFC 9112, 9.3.1). */
  resent: number;
}

export interface LoadResult extends Counts {
  readonly sent: number;
  /** Requests scored a second. */
  readonly goodput: number;
  readonly scoredP50Ms: number;
  readonly scoredP99Ms: number;
  readonly rejectedP99Ms: number;
  /** What was wrong or lost, by reason. */
  readonly faults: Readonly<Record<string, number>>;
}

/** A photograph and the scores that belong to it. */
interface Photograph {
  readonly bytes: Buffer;
  readonly scoresSha256: string;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Sends photographs and judges every answer. */
export class Client {
  readonly #photographs: Photograph[] = [];

  constructor(private readonly random: Random) {}

  /** Learns each photograph's scores from one request on an idle server; all later answers must equal them byte for byte. */
  async learn(target: Target, files: readonly Buffer[]): Promise<void> {
    for (const bytes of files) {
      const { status, body } = await this.#score(target, bytes);
      if (status !== 200) throw new Error(`the server answered ${status}: ${body.toString()}`);
      this.#photographs.push({ bytes, scoresSha256: sha256(body) });
    }
    const different = new Set(this.#photographs.map((photograph) => photograph.scoresSha256));
    if (different.size !== files.length) throw new Error("two photographs have the same scores");
  }

  #score(target: Target, body: Buffer, id = "", agent?: http.Agent): Promise<Answer> {
    return send({
      url: `${target.url}${paths.score}`,
      method: "POST",
      headers: {
        authorization: `Bearer ${target.key ?? keys.primary}`,
        ...(id ? { [headers.requestId]: id } : {}),
      },
      body,
      agent,
      ca: target.ca,
    });
  }

  /**
   * Open loop: requests leave at random times (Poisson) whether or not earlier ones are answered; latency counts from the time a
   * request was due.
   */
  async openLoop(target: Target, perSecond: number, seconds: number): Promise<LoadResult> {
    const tally = new Tally(target);
    const started = performance.now();
    const pending: Promise<void>[] = [];
    let due = started + this.random.gapMs(perSecond);
    while (due < started + seconds * 1000) {
      const wait = due - performance.now();
      if (wait > 1) await delay(wait);
      pending.push(this.#one(target, tally, due));
      due += this.random.gapMs(perSecond);
    }
    await Promise.all(pending);
    return tally.result(seconds);
  }

  /** Closed loop: each of the clients sends its next request when the last is answered. */
  async closedLoop(target: Target, clients: number, seconds: number): Promise<LoadResult> {
    const tally = new Tally(target);
    const started = performance.now();
    const loop = async () => {
      while (performance.now() < started + seconds * 1000) {
        const rejected = tally.counts.rejected;
        await this.#one(target, tally, performance.now());
        if (tally.counts.rejected > rejected) await delay(50);
      }
    };
    await Promise.all(Array.from({ length: clients }, loop));
    return tally.result((performance.now() - started) / 1000);
  }

  async #one(target: Target, tally: Tally, due: number): Promise<void> {
    const photograph = this.random.pick(this.#photographs);
    const id = randomUUID();
    const attempt = () => this.#score(target, photograph.bytes, id, tally.agent);
    try {
      const answer = await attempt().catch((error: unknown) => {
        if (!isClosedBefore(error)) throw error;
        tally.counts.resent++;
        return attempt();
      });
      tally.judge(answer, id, photograph.scoresSha256, performance.now() - due);
    } catch (error) {
      tally.fail(error as CallError);
    }
  }
}

/** A kept-alive connection that the server closed while the request was on its way: every HTTP client sends again. */
const isClosedBefore = (error: unknown): boolean =>
  error instanceof CallError && error.isReused && ["ECONNRESET", "EPIPE"].includes(error.code);

class Tally {
  readonly agent: http.Agent;
  readonly counts: Counts = {
    scored: 0,
    rejected: 0,
    refused: 0,
    lost: 0,
    unanswered: 0,
    wrong: 0,
    resent: 0,
  };
  readonly #scoredMs: number[] = [];
  readonly #rejectedMs: number[] = [];
  readonly #faults: Record<string, number> = {};

  constructor({ url, ca }: Target) {
    const options = { keepAlive: true, maxFreeSockets: 1024 };
    this.agent = url.startsWith("https:")
      ? new https.Agent({ ...options, ...(ca === undefined ? {} : { ca }) })
      : new http.Agent(options);
  }

  judge({ status, headers: got, body }: Answer, id: string, wanted: string, ms: number): void {
    if (got[headers.requestId] !== id) this.#fault("wrong", "the answer of another request");
    else if (status === 200 && sha256(body) === wanted) {
      this.counts.scored++;
      this.#scoredMs.push(ms);
    } else if (status === 200) this.#fault("wrong", "other scores");
    else if (status === 503 && got["retry-after"] !== undefined) {
      this.counts.rejected++;
      this.#rejectedMs.push(ms);
    } else this.#fault("wrong", `${status}: ${body.toString().slice(0, 200)}`);
  }

  fail({ code }: CallError): void {
    if (code === "ECONNREFUSED") this.counts.refused++;
    else this.#fault(code === "ETIMEDOUT" ? "unanswered" : "lost", code);
  }

  #fault(kind: "wrong" | "lost" | "unanswered", reason: string): void {
    this.counts[kind]++;
    this.#faults[reason] = (this.#faults[reason] ?? 0) + 1;
  }

  result(seconds: number): LoadResult {
    this.agent.destroy();
    const { resent, ...counts } = this.counts;
    return {
      ...counts,
      resent,
      sent: Object.values(counts).reduce((sum, count) => sum + count, 0),
      goodput: counts.scored / seconds,
      scoredP50Ms: quantile(this.#scoredMs, 0.5),
      scoredP99Ms: quantile(this.#scoredMs, 0.99),
      rejectedP99Ms: quantile(this.#rejectedMs, 0.99),
      faults: this.#faults,
    };
  }
}
