import { assault, type Plan } from "./assault";
import type { Attack, Transport } from "./attack";
import { claims, isBack } from "./claims";
import { usageOf } from "./measure";
import { failures, type Judged } from "./report";
import { stopGraceSeconds, Victim, type Ground } from "./victim";

/** Tries the attacks one after the other: those in clear text first, so that each kind of server is started once unless it was harmed. */
export async function* siege(
  ground: Ground,
  attacks: readonly Attack[],
  plan: Plan,
): AsyncGenerator<Judged, void, void> {
  for (const transport of ["clear", "tls"] as const) {
    const shared = new SharedVictim(ground, transport);
    try {
      for (const attack of attacks.filter(({ transports }) => transports.includes(transport)))
        yield await tried(ground, shared, attack, transport, plan);
    } finally {
      await shared.end();
    }
  }
}

async function tried(
  ground: Ground,
  shared: SharedVictim,
  attack: Attack,
  transport: Transport,
  plan: Plan,
): Promise<Judged> {
  const isAlone = attack.server !== undefined;
  if (isAlone) await shared.end();
  const victim = isAlone
    ? await Victim.start(ground, transport, attack.server)
    : await shared.get();
  const finding = await assault(victim, attack, transport, plan);
  const checks = claims(finding, stopGraceSeconds, ground.group !== undefined);
  const judged = { finding, checks };
  if (isAlone) await victim.end();
  else if (failures(judged).length > 0) await shared.end();
  return judged;
}

/** The server that attacks share for as long as none harms it: two at once would not fit into the memory limit. */
class SharedVictim {
  #victim: Victim | undefined;

  constructor(
    private readonly ground: Ground,
    private readonly transport: Transport,
  ) {}

  async get(): Promise<Victim> {
    const victim = this.#victim;
    if (victim?.isAlive && isBack(usageOf(victim.pid), victim.warmed)) return victim;
    await this.end();
    return (this.#victim = await Victim.start(this.ground, this.transport));
  }

  async end(): Promise<void> {
    await this.#victim?.end();
    this.#victim = undefined;
  }
}
