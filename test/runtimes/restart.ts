import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { furthest, type Scored, type Service } from "./service";

/** A request of the load, and when it was sent. */
interface Sent {
  readonly at: number;
  readonly picture: number;
  outcome?: Scored;
}

/** What became of a load with a restart in the middle. */
export interface RestartReport {
  readonly right: number;
  /** Of the load: 503 with Retry-After, all sent while the runtime was away. */
  readonly refused: number;
  /** Accepted before the kill and answered after it. */
  readonly survived: number;
  readonly awayMs: number;
}

const clients = 4;

/**
 * Scores without pause, ends the runtime and starts it again. Every answer must be right or 503 with Retry-After, every request accepted before
 * the end must be answered right, and everything must be right once the service is ready again.
 * @param expected the right answer to each picture
 * @throws AssertionError
 */
export async function restartUnderLoad(
  service: Service,
  pictures: readonly Uint8Array[],
  expected: readonly Scored[],
  runtime: { readonly kill: () => Promise<void>; readonly start: () => void },
): Promise<RestartReport> {
  const sent: Sent[] = [];
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const picture = sent.length % pictures.length;
      const request: Sent = { at: performance.now(), picture };
      sent.push(request);
      request.outcome = await service.score(pictures[picture] as Uint8Array);
      if (request.outcome.status !== 200) await delay(50);
    }
  };
  const load = Promise.all(Array.from({ length: clients }, client));
  await delay(2000);
  // What is with the service now; the moment is long enough for it to have accepted them.
  const waiting = sent.filter(({ outcome }) => outcome === undefined);
  await delay(20);
  const accepted = waiting.filter(({ outcome }) => outcome === undefined);
  const killedAt = performance.now();
  await runtime.kill();
  await service.becomes(false, 12_000);
  // Answered before the runtime is started: nothing waits for it that was not accepted before.
  const refused = await service.score(pictures[0] as Uint8Array);
  assert.deepEqual([refused.status, refused.retryAfter], [503, "1"]);
  runtime.start();
  await service.becomes(true, 120_000);
  const backAt = performance.now();
  await delay(2000);
  isOver = true;
  await load;

  for (const { at, picture, outcome } of sent as Required<Sent>[]) {
    if (outcome.status === 200) {
      const distance = furthest(outcome, expected[picture] as Scored);
      assert.ok(distance <= 1e-5, `an answer is ${distance} off`);
    } else {
      assert.deepEqual([outcome.status, outcome.retryAfter], [503, "1"], JSON.stringify(outcome));
      assert.ok(at >= killedAt && at <= backAt + 1000, "refused though the runtime was there");
    }
  }
  assert.ok(accepted.length > 0, "nothing was accepted when the runtime ended");
  assert.deepEqual(
    accepted.map(({ outcome }) => outcome?.status),
    accepted.map(() => 200),
  );
  const right = sent.filter(({ outcome }) => outcome?.status === 200).length;
  return {
    ...{ right, refused: sent.length - right, survived: accepted.length },
    awayMs: Math.round(backAt - killedAt),
  };
}
