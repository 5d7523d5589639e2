import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { keys } from "../soak/server";
import { nameOver, type Attack, type Transport } from "./attack";
import type { AttackOrder, AttackReport } from "./attackOrder";
import { isBack, type Finding } from "./claims";
import type { Service } from "./goodClients";
import { usageOf, Watch } from "./measure";
import { probe, type Health } from "./probes";
import { stopGraceSeconds, type Victim } from "./victim";

export interface Plan {
  /** Folder of the built attacker. */
  readonly dist: string;
  readonly seed: number;
  /** How long what was taken may take to be given back, in seconds. */
  readonly recoverySeconds: number;
}

const controlSeconds = 3;

/** What an attacker may take beyond its own time before it is ended. */
const overtimeSeconds = 30;

/** What an attacker may take to report when it is told to end, in seconds. */
const hurrySeconds = 5;

/** How long to wait for a server that does not stop, past its grace, in seconds. */
const longestStopSeconds = 60;

interface Beside {
  readonly health: Health;
  readonly service: Service;
}

/** Probes and good clients for as long as `work` takes. */
async function beside({ server, clients }: Victim, work: Promise<unknown>): Promise<Beside> {
  let isOver = false;
  const watched = work.finally(() => (isOver = true));
  const [health, service] = await Promise.all([
    probe(server.url, server.ca, () => isOver),
    clients.score(() => isOver),
    watched,
  ]);
  return { health, service };
}

/** One attack from its control run to the recovery from it. */
export async function assault(
  victim: Victim,
  attack: Attack,
  transport: Transport,
  plan: Plan,
): Promise<Finding> {
  const before = usageOf(victim.pid);
  const control = await beside(victim, delay(controlSeconds * 1000));
  const rested = usageOf(victim.pid);
  const watch = new Watch(victim.pid);
  const started = performance.now();
  const attacker = new Attacker(attack, victim, plan);
  const stop = attack.server?.stopAfter;
  const stopped = stop === undefined ? undefined : stopMidway(victim, stop);
  const during =
    stopped === undefined ? await beside(victim, attacker.done) : (await stopped, undefined);
  const seconds = (performance.now() - started) / 1000;
  const report = await attacker.done;
  const used = watch.now().cpuMs - rested.cpuMs;
  const asUsual = ((rested.cpuMs - before.cpuMs) / controlSeconds) * seconds;
  const recovery = await recover(victim, watch, stop === undefined ? plan.recoverySeconds : 0);
  return {
    ...{ name: nameOver(attack, transport), attack, control, during, report },
    ...{ seconds, warmed: victim.warmed, before, after: watch.end(), recovery },
    cpuMs: Math.max(0, used - asUsual),
    stopSeconds: await stopped,
    ending: victim.ending,
  };
}

/** Waits until the server holds no more than when it was warm. @returns seconds that took; undefined when it did not come back */
async function recover(victim: Victim, watch: Watch, longest: number): Promise<number | undefined> {
  const started = performance.now();
  for (;;) {
    const seconds = (performance.now() - started) / 1000;
    if (!victim.isAlive) return undefined;
    if (isBack(watch.now(), victim.warmed)) return seconds;
    if (seconds >= longest) return undefined;
    await delay(250);
  }
}

/** @returns seconds from SIGTERM to the end of the process; Infinity when it had to be killed */
async function stopMidway({ server }: Victim, after: number): Promise<number> {
  await delay(after * 1000);
  const asked = performance.now();
  server.child.kill("SIGTERM");
  const longest = (stopGraceSeconds + longestStopSeconds) * 1000;
  const isEnded = await Promise.race([
    server.ended.then(() => true),
    delay(longest, false, { ref: false }),
  ]);
  if (isEnded) return (performance.now() - asked) / 1000;
  server.child.kill("SIGKILL");
  await server.ended;
  return Infinity;
}

/** A process of its own, which yields to probes and good clients on their core. */
class Attacker {
  readonly done: Promise<AttackReport>;

  constructor(attack: Attack, { server }: Victim, { dist, seed }: Plan) {
    const order: AttackOrder = {
      ...{ name: attack.name, key: keys.primary, seed },
      ...{ port: server.port, metricsPort: server.metricsPort },
      ...(server.ca === undefined ? {} : { ca: server.ca }),
    };
    const child = fork(path.join(dist, "hostile", "attacker.js"), [JSON.stringify(order)]);
    os.setPriority(child.pid as number, os.constants.priority.PRIORITY_LOW);
    // Asked to report what it knows, and ended where it is too busy to.
    const giveUp = () => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), hurrySeconds * 1000).unref();
    };
    const overtime = setTimeout(giveUp, (attack.seconds + overtimeSeconds) * 1000);
    // Nothing is left to attack then, and what it is waiting for will not come.
    server.child.once("exit", giveUp);
    this.done = reportOf(child).finally(() => {
      clearTimeout(overtime);
      server.child.off("exit", giveUp);
    });
  }
}

async function reportOf(child: ChildProcess): Promise<AttackReport> {
  let report: AttackReport = { bytesSent: 0, outcomes: { "no report": 1 } };
  child.on("message", (message) => (report = message as AttackReport));
  await once(child, "exit");
  return report;
}
