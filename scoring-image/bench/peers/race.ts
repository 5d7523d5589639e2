/** `npm run bench -- --peers`: the service and servers of other makers on the same cores, in alternated rounds. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { loadFor, type LoadSummary } from "../load";
import { RawClient } from "../rawHttp";
import { median, medianOf } from "../stats";
import { fixed, print, row, titles } from "../tables";
import { peers, service } from "./contenders";
import { machineCpuMs, treeUsage } from "./processTree";
import type { RaceSubject, Runner } from "./server";

export interface RaceOptions extends RaceSubject {
  /** What is sent, a JPEG. */
  readonly photograph: string;
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
}

/** One server at one number of clients. */
export interface Step extends LoadSummary {
  /** Of all processes of the server. */
  readonly cpuMsPerImage: number;
  readonly rssMb: number;
  /** CPU time of everybody else on the machine, in cores. */
  readonly othersCores: number;
}

/** Medians over the rounds, and of the rounds' own ratios of the service to this server: above 1 the service is ahead. */
export interface Standing extends Step {
  readonly rateRatio: number;
  readonly p50Ratio: number;
}

/** By server and number of clients. */
export type RaceResult = Readonly<Record<string, Readonly<Record<string, Standing>>>>;

type Runners = ReadonlyMap<string, Runner>;

/** Runs the race and prints it; a server that cannot be had is named and left out. @throws Error when a server's best class is not the service's */
export async function race(options: RaceOptions): Promise<RaceResult> {
  // Servers are ended when this process exits, which by default it does not when it is interrupted.
  process.once("SIGINT", () => process.exit(130));
  const runners = await startAll(options);
  try {
    await compareAnswers(runners);
    const steps = new Map<string, Step[]>();
    for (let round = 0; round < options.rounds; round++) {
      await runRound(options, turned(runners, round), steps);
    }
    return report(options, [...runners.keys()], steps);
  } finally {
    await Promise.all([...runners.values()].map((runner) => runner.stop()));
  }
}

async function startAll(subject: RaceSubject): Promise<Runners> {
  const runners = new Map<string, Runner>();
  for (const { name, start } of [service, ...peers]) {
    try {
      runners.set(name, await start(subject));
    } catch (error) {
      if (name === service.name) throw error;
      print(`${name} is left out: ${(error as Error).message}`);
    }
  }
  return runners;
}

/** A photograph of which the model is sure: the best two classes of `cat.jpg` change places with the way of resizing. */
const clear = path.join(__dirname, "../../../samples/espresso.jpg");

async function compareAnswers(runners: Runners): Promise<void> {
  const jpeg = readFileSync(clear);
  const best = new Map<string, number>();
  for (const [name, { url, requestOf, scoresOf }] of runners) {
    const client = new RawClient(url);
    const scores = scoresOf(await client.call(requestOf(jpeg)));
    client.close();
    if (scores.length !== 1000) throw new Error(`${name} answers ${scores.length} scores`);
    best.set(name, scores.indexOf(Math.max(...scores)));
  }
  const expected = best.get(service.name);
  for (const [name, index] of best) {
    if (index !== expected)
      throw new Error(`${name} finds class ${index}, the service ${expected}`);
  }
  print(`all find class ${expected} in ${path.basename(clear)}`);
}

/** Each server goes first in its turn. */
function turned(runners: Runners, by: number): [string, Runner][] {
  const all = [...runners];
  return [...all.slice(by % all.length), ...all.slice(0, by % all.length)];
}

const keyOf = (name: string, clients: number) => `${name}/${clients}`;

async function runRound(
  { clients, seconds, photograph }: RaceOptions,
  runners: readonly [string, Runner][],
  steps: Map<string, Step[]>,
): Promise<void> {
  const jpeg = readFileSync(photograph);
  for (const n of clients) {
    for (const [name, runner] of runners) {
      const step = await runStep(runner, jpeg, n, seconds);
      steps.set(keyOf(name, n), [...(steps.get(keyOf(name, n)) ?? []), step]);
    }
  }
}

/** What came before has cooled the caches: a server is warmed for as long. */
const warmShare = 0.1;

async function runStep(
  { url, requestOf, pid }: Runner,
  jpeg: Buffer,
  clients: number,
  seconds: number,
): Promise<Step> {
  const request = requestOf(jpeg);
  await loadFor(url, request, clients, warmShare * seconds);
  const before = { tree: treeUsage(pid), machine: machineCpuMs(), at: performance.now() };
  const summary = await loadFor(url, request, clients, seconds);
  const { cpuMs, rssMb } = treeUsage(pid);
  const treeMs = cpuMs - before.tree.cpuMs;
  const ownMs = summary.clientCpuMs * summary.images;
  const othersMs = machineCpuMs() - before.machine - treeMs - ownMs;
  return {
    ...summary,
    ...{ cpuMsPerImage: treeMs / summary.images, rssMb },
    othersCores: othersMs / (performance.now() - before.at),
  };
}

function report(
  { clients }: RaceOptions,
  names: readonly string[],
  steps: ReadonlyMap<string, readonly Step[]>,
): RaceResult {
  const result: Record<string, Record<string, Standing>> = {};
  const stepsOf = (name: string, n: number) => steps.get(keyOf(name, n)) as readonly Step[];
  for (const n of clients) {
    const ours = stepsOf(service.name, n);
    print(`\n${n} client${n === 1 ? "" : "s"}`);
    row("", titles(...columns));
    for (const name of names) {
      const theirs = stepsOf(name, n);
      const ratio = (of: (our: Step, their: Step) => number) =>
        median(ours.map((our, i) => of(our, theirs[i] as Step)));
      const standing: Standing = {
        ...medianOf(theirs),
        rateRatio: ratio((our, their) => our.imagesPerSecond / their.imagesPerSecond),
        p50Ratio: ratio((our, their) => their.p50Ms / our.p50Ms),
      };
      (result[name] ??= {})[n] = standing;
      printStanding(name, standing);
    }
  }
  print(
    "\nratios: the service's images/s to this server's, and this server's p50 to the service's",
  );
  return result;
}

const columns = [
  ...["images/s", "p50 ms", "p99 ms", "CPU ms/im", "RSS MB", "ratio", "p50 ratio"],
  ...["client", "others"],
];

function printStanding(name: string, standing: Standing): void {
  const { imagesPerSecond, p50Ms, p99Ms, cpuMsPerImage, rssMb } = standing;
  const { rateRatio, p50Ratio, clientCpuMs, othersCores } = standing;
  row(name, [
    ...[fixed(imagesPerSecond, 1), fixed(p50Ms), fixed(p99Ms), fixed(cpuMsPerImage)],
    ...[fixed(rssMb, 0), fixed(rateRatio, 3), fixed(p50Ratio, 3)],
    ...[fixed(clientCpuMs), fixed(othersCores)],
  ]);
}
