import type { Context } from "../context";
import type { ModelName } from "../options";
import type { ServerProcess } from "../server/serverProcess";
import type { Scores } from "../load/orders";
import { othersOf } from "./loadStep";

const ms = 1500;

const largest = (a: Scores, b: Scores) =>
  Math.max(...a.map((score, i) => Math.abs(score - (b[i] as number))));

/** Smallest distance between the answers to two pictures: the largest difference of a score. */
export function smallestDistance(answers: readonly Scores[]): number {
  const pairs = answers.flatMap((a, i) => answers.slice(i + 1).map((b) => largest(a, b)));
  return Math.min(...pairs);
}

/**
 * Different pictures at once: each must get its own answer, as far as rounding in other batch sizes
 * allows.
 */
export async function checkAnswersUnderLoad(
  context: Context,
  name: ModelName,
  server: ServerProcess,
): Promise<void> {
  const { options, report, load, pictures } = context;
  const clients = Math.min(64, Math.max(...options.clients));
  report.heading(`answers of ${clients} clients with ${pictures.length} pictures, ${name}`);
  const requests = server.requests("/score", pictures);
  const { result } = await load.run<"answers">(requests, { kind: "answers", clients, ms });
  const { outcomes, idle, largestDifference } = result;
  const difference = Math.max(...largestDifference);
  const distance = smallestDistance(idle);
  report.keep(`answers/${name}`, { counts: outcomes.counts, difference, distance });
  report.check(
    "every picture gets its own scores under load",
    difference < distance / 2 && outcomes.latenciesMs.length > 0 && othersOf(outcomes) === "",
    `${outcomes.latenciesMs.length} answers, ${othersOf(outcomes) || "no refusals"}; at most ` +
      `${difference.toExponential(1)} from the idle service's, two pictures differ by ${distance.toExponential(1)}`,
  );
}
