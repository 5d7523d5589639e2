import type { Socket } from "node:net";

/** By how much of it an age differs at random, so that clients that came together do not leave together. */
const jitter = 0.1;

/** An age of about `ageMs` milliseconds, drawn for one connection. */
export const drawAge = (ageMs: number): number => ageMs * (1 + jitter * (2 * Math.random() - 1));

/** The highest age that {@link drawAge} draws. */
export const highestAge = (ageMs: number): number => ageMs * (1 + jitter);

/**
 * When kept-alive HTTP connections are due to end. A balancer that spreads connections, not requests, sends nothing to a new
 * replica as long as clients hold on to their old connections.
 */
export class ConnectionAge {
  readonly #dueAt = new WeakMap<Socket, number>();

  /** @param maxAgeMs 0 for no bound */
  constructor(private readonly maxAgeMs: number) {}

  /** Notes a new connection. */
  begin(socket: Socket): void {
    if (this.maxAgeMs === 0) return;
    this.#dueAt.set(socket, performance.now() + drawAge(this.maxAgeMs));
  }

  /** True when the next answer on this connection should be its last. */
  isOver(socket: Socket): boolean {
    const dueAt = this.#dueAt.get(socket);
    return dueAt !== undefined && performance.now() >= dueAt;
  }
}
