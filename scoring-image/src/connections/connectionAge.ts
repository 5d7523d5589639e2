import type { Socket } from "node:net";

/**
 * When kept-alive HTTP connections are due to end. A balancer that spreads connections, not requests, sends nothing to a new
 * replica as long as clients hold on to their old connections.
 */
export class ConnectionAge {
  readonly #dueAt = new WeakMap<Socket, number>();

  /** @param maxAgeMs 0 for no bound */
  constructor(private readonly maxAgeMs: number) {}

  /** Notes a new connection; a tenth of the age at random keeps clients that came together from leaving together. */
  begin(socket: Socket): void {
    if (this.maxAgeMs === 0) return;
    const jitter = this.maxAgeMs * 0.1 * (2 * Math.random() - 1);
    this.#dueAt.set(socket, performance.now() + this.maxAgeMs + jitter);
  }

  /** True when the next answer on this connection should be its last. */
  isOver(socket: Socket): boolean {
    const dueAt = this.#dueAt.get(socket);
    return dueAt !== undefined && performance.now() >= dueAt;
  }
}
