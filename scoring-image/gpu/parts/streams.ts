import { cores, files, type Context } from "../context";
import { LoadGenerator } from "../load/loadGenerator";
import type { ModelName } from "../options";
import type { ServerProcess } from "../server/serverProcess";
import { closedStep, startServer } from "./clients";
import { othersOf, stepColumns, stepRow, summaryOf, watched } from "./loadStep";

/** Shares of the best rate at which requests are due. */
const shares = [0.5, 0.8] as const;

/** Numbers of clients, a second each, as far as the command line has as many. */
const changes = [1, 64, 3, 128, 17, 256, 5, 33, 2, 100] as const;

/**
 * Requests that are due whether or not others have been answered.
 * @param best images a second of the closed loop
 */
export async function measureOpen(
  context: Context,
  name: ModelName,
  server: ServerProcess,
  best: number,
): Promise<void> {
  const { options, report, load, picture } = context;
  report.heading(`open loop, ${name}`);
  const rows = [];
  for (const share of shares) {
    const perSecond = share * best;
    const order = { kind: "open", perSecond, ms: 2000 * options.seconds, seed: 1 } as const;
    const { result, work } = await watched(
      context,
      server,
      async () => (await load.run<"open">(server.requests(options.path, [picture]), order)).result,
      ({ latenciesMs }) => latenciesMs.length,
    );
    rows.push({ share, perSecond, ...summaryOf(result), ...work });
  }
  const label = ({ share, perSecond }: { share: number; perSecond: number }) =>
    `${100 * share}% = ${perSecond.toFixed(0)}/s`;
  report.table(
    stepColumns("due"),
    rows.map((row) => stepRow(label(row), row, row)),
  );
  report.keep(`open/${name}`, rows);
}

/** Numbers of clients that change every second. */
export async function measureChanging(
  context: Context,
  name: ModelName,
  server: ServerProcess,
): Promise<void> {
  const { options, report, load, picture } = context;
  report.heading(`clients that change every second, ${name}`);
  const most = Math.max(...options.clients);
  const steps = changes.map((clients) => ({ clients: Math.min(clients, most), ms: 1000 }));
  const requests = server.requests(options.path, [picture]);
  const { result } = await load.run<"closed">(requests, { kind: "closed", steps });
  const rows = result.map((outcomes, i) => ({
    clients: (steps[i] as { clients: number }).clients,
    ...summaryOf(outcomes),
  }));
  report.table(
    ["clients", "img/s", "p50", "p95", "p99", "refused"],
    rows.map((row) => [
      ...[row.clients, row.imagesPerSecond, row.p50Ms, row.p95Ms, row.p99Ms, othersOf(row)],
    ]),
  );
  report.keep(`changing/${name}`, rows);
}

/** The server on four cores, or half of what there are, and the client on the others. */
export async function measureFourCores(context: Context, name: ModelName): Promise<void> {
  const { options, report } = context;
  const own = Math.min(4, Math.floor(cores / 2));
  if (own === 0) throw new Error("one core cannot be shared out");
  report.heading(`server on ${own} of ${cores} cores, ${name}`);
  const load = new LoadGenerator(files.loadProcess, `${own}-${cores - 1}`);
  const server = await startServer(context, name, `0-${own - 1}`);
  const most = Math.max(...options.clients);
  const steps = [];
  for (const clients of new Set([16, 64, 256].map((count) => Math.min(count, most)))) {
    steps.push(await closedStep(context, server, clients, load));
  }
  await server.stop();
  load.close();
  report.table(
    stepColumns("clients"),
    steps.map((step) => stepRow(step.clients, step, step)),
  );
  report.keep(`cores4/${name}`, { serverCores: own, steps });
}
