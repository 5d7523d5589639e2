import { serverEnvironment, files, type Context } from "../context";
import type { Outcomes } from "../load/tally";
import type { ModelName } from "../options";
import { percent } from "../report";
import { ServerProcess } from "../server/serverProcess";
import { stepColumns, stepRow, summaryOf, watched, type Summary, type Work } from "./loadStep";

/** Before each step: connections are opened, batches find their size. */
const leadInMs = 300;

/** One number of clients. */
export interface ClientsStep extends Summary, Work {
  readonly clients: number;
}

/**
 * Starts a server of a model with default settings.
 * @throws Error with the server's own line when it ends
 */
export async function startServer(
  context: Context,
  name: ModelName,
  cores?: string,
): Promise<ServerProcess> {
  const model = context.models.get(name) as string;
  const env = serverEnvironment(context, model);
  const start = await ServerProcess.start({ entry: files.server, env, cores });
  if (!("server" in start)) throw new Error(`the server ended: ${start.lines.join("; ")}`);
  const ladder = start.server.log.find((line) => line.includes('"sizes"')) ?? "";
  context.report.say(`ready after ${(start.readyMs / 1000).toFixed(1)} s; ${ladder}`);
  return start.server;
}

/** Closed loop with one number of clients, and what it took. */
export async function closedStep(
  context: Context,
  server: ServerProcess,
  clients: number,
  load = context.load,
): Promise<ClientsStep> {
  const { options, picture } = context;
  const requests = server.requests(options.path, [picture]);
  const steps = [leadInMs, 1000 * options.seconds].map((ms) => ({ clients, ms }));
  const { result, work } = await watched(
    context,
    server,
    async () => (await load.run<"closed">(requests, { kind: "closed", steps })).result,
    (outcomes) => outcomes.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0),
  );
  return { clients, ...summaryOf(result.at(-1) as Outcomes), ...work };
}

/** Every number of clients, one after the other. @returns the best rate in images a second */
export async function measureClients(
  context: Context,
  name: ModelName,
  server: ServerProcess,
): Promise<number> {
  const { options, report } = context;
  const steps: ClientsStep[] = [];
  for (const clients of options.clients) steps.push(await closedStep(context, server, clients));
  report.table(
    stepColumns("clients"),
    steps.map((step) => stepRow(step.clients, step, step)),
  );
  report.keep(`clients/${name}`, steps);
  const best = Math.max(...steps.map(({ imagesPerSecond }) => imagesPerSecond));
  report.say(
    `best ${best.toFixed(0)} images/s; from one step to the next at most ${percent(largestFall(steps))} less; ` +
      `p99 at most ${Math.max(...steps.map(({ p50Ms, p99Ms }) => p99Ms / p50Ms)).toFixed(1)} x p50`,
  );
  return best;
}

/**
 * Largest part of its rate, 0..1, that a step with more clients has lost against the one before it;
 * 0 where none has.
 */
export const largestFall = (steps: readonly Pick<Summary, "imagesPerSecond">[]): number =>
  Math.max(
    0,
    ...steps.slice(1).map(({ imagesPerSecond }, i) => {
      return 1 - imagesPerSecond / (steps[i] as Summary).imagesPerSecond;
    }),
  );
