import type { ChildProcess } from "node:child_process";
import { forkEntry, nextMessage } from "../children";
import type { Load, LoadOrder, LoadReply, LoadResults, Requests } from "./orders";

/** What is waited for beyond the length of the load itself. */
const patienceMs = 15_000;

const lengthOf = (load: Load): number =>
  load.kind === "closed" ? load.steps.reduce((sum, { ms }) => sum + ms, 0) : load.ms;

/** What a load brought, and the CPU of the load generator meanwhile in milliseconds. */
export interface Loaded<Result> {
  readonly result: Result;
  readonly cpuMs: number;
}

/**
 * The load generator: a process of its own, so that neither this process nor the server's
 * measurements disturb it.
 */
export class LoadGenerator {
  readonly #child: ChildProcess;

  /** @param cores the cores that it may use, as `taskset` lists them */
  constructor(entry: string, cores?: string) {
    this.#child = forkEntry(entry, [], cores);
  }

  /** @throws Error when the load generator fails; what the server answers is no failure */
  async run<Kind extends Load["kind"]>(
    requests: Requests,
    load: Extract<Load, { kind: Kind }>,
  ): Promise<Loaded<LoadResults[Kind]>> {
    const order: LoadOrder = { requests, load };
    this.#child.send(order);
    const reply = await nextMessage<LoadReply>(this.#child, lengthOf(load) + patienceMs);
    if ("error" in reply) throw new Error(`the load generator failed: ${reply.error}`);
    return reply as Loaded<LoadResults[Kind]>;
  }

  close(): void {
    this.#child.disconnect();
  }
}
