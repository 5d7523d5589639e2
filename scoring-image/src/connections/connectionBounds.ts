import type { Socket } from "node:net";

export interface ConnectionLimits {
  /** Connections that may be open at a time. */
  readonly maxConnections: number;
  /** Those of one address among them. */
  readonly maxConnectionsPerAddress: number;
}

/** Why a connection was not accepted, or was ended. */
export type ConnectionRefusal = "all" | "address" | "unread";

/** Counts the open connections, and those of each address. */
export class ConnectionBounds {
  readonly #limits: ConnectionLimits;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Open connections. */
  get count(): number {
    return this.#count;
  }

  /** Takes in a new connection, or closes it at once. @returns why it was closed; undefined when it is open */
  admit(socket: Socket): ConnectionRefusal | undefined {
    const { remoteAddress: address = "" } = socket;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const refusal =
      this.#count >= maxConnections
        ? "all"
        : ofAddress >= maxConnectionsPerAddress
          ? "address"
          : undefined;
    if (refusal) {
      socket.destroy();
      return refusal;
    }
    this.#count++;
    this.#byAddress.set(address, ofAddress + 1);
    socket.once("close", () => this.#forget(address));
    return undefined;
  }

  #forget(address: string): void {
    this.#count--;
    const left = (this.#byAddress.get(address) as number) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}
