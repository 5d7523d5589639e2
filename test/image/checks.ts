import assert from "node:assert/strict";

let passed = 0;

/** Number of checks that have passed so far. */
export const passedChecks = (): number => passed;

/** Prints what holds. @throws AssertionError with `what` when it does not */
export function check(holds: boolean, what: string): void {
  assert.ok(holds, what);
  passed++;
  console.log(`ok  ${what}`);
}
