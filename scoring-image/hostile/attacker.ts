/** The attacker's process: carries out one attack, reports what came of it, and ends with all its connections. */
import { attacks } from "./attacks";
import type { AttackOrder } from "./attackOrder";
import { Wire } from "./wire";

const order = JSON.parse(process.argv[2] as string) as AttackOrder;
const attack = attacks.find(({ name }) => name === order.name);
if (!attack) throw new Error(`there is no attack "${order.name}"`);
const wire = new Wire({ ...order, seconds: attack.seconds, hasKey: attack.hasKey });

function report(): void {
  process.send?.(wire.report, () => process.exit(0));
}

// The server is gone, or too slow to let the attack end: what is known so far is told.
process.on("SIGTERM", report);
attack.run(wire).then(report, (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
