import { setTimeout as delay } from "node:timers/promises";
import { Connection, type Target } from "./connection";
import type { Answer } from "./responseParser";
import { lastAnswersMs, Tally, type Outcomes } from "./tally";

/** For so long, so many clients. */
export interface Step {
  readonly clients: number;
  readonly ms: number;
}

/**
 * After a connection has failed or a request was refused: a client that asks again at once would
 * only measure refusals.
 */
const pauseMs = 20;

/**
 * Sends nothing more than its clients' requests: each client sends its next when the last has been
 * answered.
 */
export class ClosedLoop {
  readonly #connections: Connection[] = [];
  /** Clients whose requests are under way. */
  readonly #isBusy = new Set<number>();
  /** Clients of the present step. */
  #clients = 0;
  #tally = new Tally();

  /** @param onAnswer told of every answer with 200 and which of the requests it answers */
  constructor(
    private readonly target: Target,
    private readonly requests: readonly Buffer[],
    private readonly onAnswer?: (answer: Answer, request: number) => void,
  ) {}

  /**
   * @returns what came of each step's requests; a request counts for the step in which it was
   * answered
   */
  async run(steps: readonly Step[]): Promise<Outcomes[]> {
    const outcomes: Outcomes[] = [];
    for (const { clients, ms } of steps) {
      this.#tally = new Tally();
      this.#setClients(clients);
      await delay(ms);
      outcomes.push(this.#tally.end());
    }
    await this.#stop();
    return outcomes;
  }

  #setClients(clients: number): void {
    this.#clients = clients;
    while (this.#connections.length < clients) {
      this.#connections.push(new Connection(this.target));
    }
    this.#connections.forEach((_, i) => this.#wake(i));
  }

  #wake(client: number): void {
    if (client < this.#clients && !this.#isBusy.has(client)) this.#send(client, client);
  }

  #send(client: number, count: number): void {
    if (client >= this.#clients) {
      this.#isBusy.delete(client);
      return;
    }
    this.#isBusy.add(client);
    const index = count % this.requests.length;
    const sentMs = performance.now();
    const connection = this.#connections[client] as Connection;
    connection.send(this.requests[index] as Buffer, (outcome) => {
      this.#tally.add(outcome, sentMs);
      const isScored = !(outcome instanceof Error) && outcome.status === 200;
      if (isScored) this.onAnswer?.(outcome, index);
      const next = () => this.#send(client, count + 1);
      if (isScored) next();
      else setTimeout(next, pauseMs);
    });
  }

  async #stop(): Promise<void> {
    this.#clients = 0;
    const end = performance.now() + lastAnswersMs;
    while (this.#isBusy.size > 0 && performance.now() < end) await delay(5);
    for (const connection of this.#connections) connection.close();
  }
}
