import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** What a provider is given and gives back: plain JSON. */
export type Properties = Record<string, unknown>;

/** A resource that exists in the simulated cloud or cluster. */
export interface Live {
  /** Pulumi's type token. */
  readonly type: string;
  /** Id by which the engine knows it; ARM's for Azure, `CLUSTER namespace/name` and the like elsewhere. */
  readonly id: string;
  inputs: Properties;
  outputs: Properties;
}

/** One call of a provider that would have changed something. */
export interface Call {
  readonly method: "create" | "update" | "delete";
  readonly type: string;
  /** Logical name in the program. */
  readonly name: string;
  readonly id: string;
  /** The provider's message if the call was refused. */
  refused?: string;
}

/** A call that shall fail or be slow. */
export interface Fault {
  readonly method: Call["method"];
  /** Part of the type token, or the logical name; empty for any. */
  readonly at: string;
  /** Logical names that are spared; read at every call. */
  readonly except?: ReadonlySet<string>;
  /** The provider's message; none for a call that is only slow. */
  readonly message?: string;
  /** How often; once unless set. */
  times?: number;
  readonly delayMs?: number;
}

interface Saved {
  readonly live: readonly Live[];
  readonly softDeleted: readonly string[];
  readonly counter: number;
}

/** A refusal as ARM or the API server would word it. */
export class Refusal extends Error {}

/** Everything that exists in the simulated cloud, and everything that was asked of it. */
export class State {
  readonly live = new Map<string, Live>();
  /** Names that Azure keeps for a deleted resource. */
  readonly softDeleted = new Set<string>();
  calls: Call[] = [];
  faults: Fault[] = [];
  private counter = 0;

  /** @param file where the state is kept between processes; in memory only without one */
  constructor(private readonly file?: string) {
    if (file && existsSync(file)) this.restore(readFileSync(file, "utf8"));
  }

  /** The state as text, for `restore`. */
  save(): string {
    const saved: Saved = {
      live: [...this.live.values()],
      softDeleted: [...this.softDeleted],
      counter: this.counter,
    };
    return JSON.stringify(saved);
  }

  restore(text: string): void {
    const { live, softDeleted, counter } = JSON.parse(text) as Saved;
    this.live.clear();
    this.softDeleted.clear();
    for (const resource of live) this.live.set(key(resource.id), resource);
    for (const name of softDeleted) this.softDeleted.add(name);
    this.counter = counter;
  }

  find(id: string): Live | undefined {
    return this.live.get(key(id));
  }

  /** Those of a type, which need not be the whole of its token. */
  all(type: string): Live[] {
    return [...this.live.values()].filter((resource) => resource.type.endsWith(type));
  }

  put(resource: Live): void {
    this.live.set(key(resource.id), resource);
    this.persist();
  }

  remove(id: string): void {
    this.live.delete(key(id));
    this.persist();
  }

  /** A number that no other call was given. */
  next(): number {
    this.counter += 1;
    return this.counter;
  }

  /** A GUID made of a counter: the same run gives the same ids. */
  guid(): string {
    return `00000000-0000-4000-8000-${this.next().toString(16).padStart(12, "0")}`;
  }

  /** Takes a fault that is meant for this call. */
  fault({ method, type, name }: Pick<Call, "method" | "type" | "name">): Fault | undefined {
    const fault = this.faults.find(
      (candidate) =>
        candidate.method === method &&
        (candidate.at === name || type.includes(candidate.at)) &&
        !candidate.except?.has(name) &&
        (candidate.times ?? 1) > 0,
    );
    if (fault) fault.times = (fault.times ?? 1) - 1;
    return fault;
  }

  private persist(): void {
    if (this.file) writeFileSync(this.file, this.save());
  }
}

// ARM compares ids without regard to case.
const key = (id: string) => id.toLowerCase();
