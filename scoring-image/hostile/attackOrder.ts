/** What an attacker may use. */
export interface AttackTerms {
  /** Whether the attacker has a valid key. */
  readonly hasKey: boolean;
  /** How long it may last; an attack may be over before. */
  readonly seconds: number;
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
