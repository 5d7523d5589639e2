import assert from "node:assert/strict";
import type { Random } from "./random";
import type { RunningService } from "./service";

/** How bytes are mutated. */
export interface MutationOptions {
  /** Most changes that one mutation makes; the least is one. */
  readonly changes: number;
  /** Most bytes that one change overwrites, removes or repeats. */
  readonly length: number;
  /** Bytes that mean something to the format: signs, brackets, lengths. */
  readonly telling: readonly number[];
  /** Where tags, tables and lengths are, counted from the start: half of the changes fall there. */
  readonly head: number;
}

/** Flips, overwrites, removes, repeats or cuts off bytes; at least one is left. */
export function mutate(
  original: Uint8Array,
  random: Random,
  { changes, length: longest, telling, head }: MutationOptions,
): Buffer<ArrayBuffer> {
  let bytes = Array.from(original);
  for (let left = 1 + random.below(changes); left > 0; left--) {
    const at = random.below(random.pick([Math.min(head, bytes.length), bytes.length]));
    const length = 1 + random.below(longest);
    switch (random.below(6)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        bytes[at] = random.pick(telling);
        break;
      case 2:
        for (let i = at; i < Math.min(at + length, bytes.length); i++) bytes[i] = random.below(256);
        break;
      case 3:
        bytes.splice(at, length);
        break;
      case 4:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      default:
        if (random.below(4) === 0) bytes = bytes.slice(0, at + 1);
    }
    if (bytes.length === 0) bytes = [0];
  }
  return Buffer.from(Uint8Array.from(bytes));
}

/**
 * Sends requests one after the other.
 * @param send sends one and says how it was answered
 * @returns how often each answer came, and by how many MB the process grew in the last quarter, when V8's heap is flat
 */
export async function sendMutations(
  { metric }: RunningService,
  count: number,
  send: () => Promise<string>,
) {
  const outcomes: Record<string, number> = {};
  let before = 0;
  for (let i = 0; i < count; i++) {
    if (i === (count * 3) / 4) before = await metric("process_resident_memory_bytes");
    const outcome = await send();
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  const grownMb = ((await metric("process_resident_memory_bytes")) - before) / 1e6;
  assert.equal(await metric("scoring_thread_restarts_total"), 0);
  return { outcomes, grownMb };
}

/** Asserts that only these answers came, and that none of the `often` is rare. */
export function assertOutcomes(
  outcomes: Readonly<Record<string, number>>,
  allowed: readonly string[],
  often: Readonly<Record<string, number>>,
): void {
  const shown = JSON.stringify(outcomes);
  const unexpected = Object.keys(outcomes).filter((outcome) => !allowed.includes(outcome));
  assert.deepEqual(unexpected, [], shown);
  for (const [outcome, least] of Object.entries(often)) {
    assert.ok((outcomes[outcome] ?? 0) > least, shown);
  }
}
