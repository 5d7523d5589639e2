import type { AttackTerms } from "./attackOrder";
import type { Wire } from "./wire";

/** Whether the server speaks TLS on its port. */
export type Transport = "clear" | "tls";

/** One way of harming the service, as data; how the attacker goes about it is in `run`. */
export interface Attack extends AttackTerms {
  /** As `--only` and the table know it. */
  readonly name: string;
  /** One line for people: what is sent, how often. */
  readonly what: string;
  readonly over: "HTTP" | "gRPC" | "TCP";
  /** Servers that it is tried against, one after the other. */
  readonly transports: readonly Transport[];
  /**
   * Every outcome that may meet the attacker: an HTTP status, `gRPC` with a code, `closed` by the server without an answer, `reset` of a
   * stream alone, `open` where nothing had come when the time was up.
   */
  readonly outcomes: readonly string[];
  /** Those of them that are a refusal; one at least must be seen. Empty where the input is slow but in order. */
  readonly refusals: readonly string[];
  /** What it needs of the server besides keys; such an attack gets a server of its own. */
  readonly server?: ServerNeeds;
  readonly run: (wire: Wire) => Promise<void>;
}

export interface ServerNeeds {
  /** Seconds after which the server gets SIGTERM in the midst of the attack; it must end within its grace period and 5 s. */
  readonly stopAfter?: number;
  /** Nobody reads the server's log: the pipe behind its standard output fills. */
  readonly isLogUnread?: true;
}

/** @param attack with one transport of those that it has */
export const nameOver = ({ name }: Attack, transport: Transport): string =>
  transport === "tls" ? `${name} over TLS` : name;
