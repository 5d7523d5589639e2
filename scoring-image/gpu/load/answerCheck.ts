import { ClosedLoop } from "./closedLoop";
import type { Target } from "./connection";
import type { AnswersOutcome, Scores } from "./orders";
import type { Answer } from "./responseParser";
import type { Outcomes } from "./tally";

/** Answers of each picture on the idle service; the first ones may still be warming up. */
const idleMs = 400;

/**
 * Compares every answer under load with the same picture's on the idle service: a row that got into
 * another's place, or was written over while it was read, shows here.
 */
export async function checkAnswers(
  target: Target,
  requests: readonly Buffer[],
  { clients, ms }: { readonly clients: number; readonly ms: number },
): Promise<AnswersOutcome> {
  const idle: Scores[] = [];
  for (const [i, request] of requests.entries()) {
    const keep = (answer: Answer) => (idle[i] = scoresOf(answer));
    await new ClosedLoop(target, [request], keep).run([
      { clients: 1, ms: idleMs / requests.length },
    ]);
  }
  const largestDifference = requests.map(() => 0);
  const compare = (answer: Answer, i: number) => {
    const differences = scoresOf(answer).map((score, k) =>
      Math.abs(score - ((idle[i] as Scores)[k] as number)),
    );
    largestDifference[i] = Math.max(largestDifference[i] as number, ...differences);
  };
  const loop = new ClosedLoop(target, requests, compare);
  const [outcomes] = await loop.run([{ clients, ms }]);
  return { outcomes: outcomes as Outcomes, idle, largestDifference };
}

/** The scores of an answer to one picture: `[[...]]`. */
const scoresOf = ({ body }: Answer): Scores =>
  (JSON.parse(body.toString()) as readonly Scores[])[0] as Scores;
