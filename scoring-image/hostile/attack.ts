import type { Wire } from "./wire";

/** Whether the server speaks TLS on its port. */
export type Transport = "clear" | "tls";

/** One way of harming the service, as data; how the attacker goes about it is in `run`. */
export interface Attack {
  /** As `--only` and the table know it. */
  readonly name: string;
  /** One line for people: what is sent, how often. */
  readonly what: string;
  readonly over: "HTTP" | "gRPC" | "TCP";
  /** Whether the attacker has a valid key. */
  readonly hasKey: boolean;
  /** Servers that it is tried against, one after the other. */
  readonly transports: readonly Transport[];
  /** How long it may last; an attack may be over before. */
  readonly seconds: number;
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

/** What an attacker's process reports when it is done. */
export interface AttackReport {
  /** Bytes handed to connections and taken by the kernel; of HTTP/2 made by Node the payloads alone. */
  readonly bytesSent: number;
  /** How often each outcome was met. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What an attacker's process is started with. */
export interface AttackOrder {
  readonly name: string;
  readonly port: number;
  readonly metricsPort: number;
  /** A valid key, whether or not the attack may use it. */
  readonly key: string;
  /** Certificate of the CA to trust, PEM; with it the server speaks TLS. */
  readonly ca?: string;
  /** Of the random choices. */
  readonly seed: number;
}

/** @param attack with one transport of those that it has */
export const nameOver = ({ name }: Attack, transport: Transport): string =>
  transport === "tls" ? `${name} over TLS` : name;
