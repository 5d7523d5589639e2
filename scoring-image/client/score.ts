/** `npm run score`: scores photographs, prints classes or boxes, draws boxes. */
import { readFileSync, writeFileSync } from "node:fs";
import { localServiceFile, readLocalService } from "../src/localService";
import { readArguments, usage, UsageError, type Arguments } from "./arguments";
import { drawDetections } from "./drawDetections";
import { findPictures, type Picture } from "./pictures";
import { printable, printableJson } from "./printable";
import { GrpcScoringClient } from "./grpcScoringClient";
import { HttpScoringClient } from "./httpScoringClient";
import type { ScoringClient } from "./scoringClient";
import { ScoringFailure, type FailureKind } from "./scoringFailure";
import { printTable, type Outcome } from "./table";

const exitCodes: Readonly<Record<FailureKind, number>> = {
  badImage: 3,
  refused: 4,
  unreachable: 5,
  unavailable: 6,
};

/** Everything was scored, and nothing was found. */
const nothingFound = 7;

interface Target {
  readonly url: string;
  readonly key: string | undefined;
  readonly labels?: readonly string[] | undefined;
}

function findService(url: string | undefined, key: string | undefined): Target {
  const given = key ?? process.env["SCORING_KEY"];
  if (url !== undefined) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new UsageError(`--url is ${url}: must begin with http:// or https://`);
    }
    return { url, key: given };
  }
  const local = readLocalService();
  if (!local) {
    const message = `No local service is noted in ${localServiceFile}: run npm start first, or name one with --url.`;
    throw new ScoringFailure("unreachable", "UNREACHABLE", message);
  }
  return { url: local.url, key: given ?? local.primaryKey, labels: local.labels };
}

function openClient({ url, key, grpc, labels: file }: Arguments): ScoringClient {
  const target = findService(url, key);
  if (!grpc) return new HttpScoringClient(target);
  const labels = file === undefined ? target.labels : readLabels(file);
  return new GrpcScoringClient({ ...target, labels });
}

const readLabels = (file: string) =>
  asUsage(() => readFileSync(file, "utf8").trimEnd().split(/\r?\n/));

/** @throws UsageError when the service's model finds no boxes */
async function draw(picture: Picture, { result }: Outcome, file: string): Promise<void> {
  if (result instanceof ScoringFailure) return;
  const boxes = result.top.filter((found) => "box" in found);
  if (boxes.length < result.top.length || result.features.length > 0) {
    throw new UsageError("--draw needs a detector: this service's model finds no boxes");
  }
  writeFileSync(file, await drawDetections(await picture.read(), boxes));
}

async function scoreOne(client: ScoringClient, picture: Picture, top: number): Promise<Outcome> {
  const { file } = picture;
  try {
    return { file, result: await client.score(await picture.read(), top) };
  } catch (error) {
    if (error instanceof ScoringFailure) return { file, result: error };
    throw error;
  }
}

function jsonEntry({ file, result }: Outcome) {
  if (result instanceof ScoringFailure) {
    return { file, error: { code: result.code, message: result.message } };
  }
  const { top, features } = result;
  const found = features.length > 0 ? { features } : { top };
  return { file, ...found, ms: Math.round(result.ms * 1000) / 1000 };
}

async function main(): Promise<number> {
  const given = readArguments();
  if (given.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const pictures = namedPictures(given);
  const client = openClient(given);
  try {
    return exitCodeOf(await scoreAll(client, pictures, given));
  } finally {
    client.close();
  }
}

function namedPictures({ names, draw: drawing, grpc }: Arguments): Picture[] {
  const sources = names.length === 0 && !process.stdin.isTTY ? ["-"] : names;
  if (sources.length === 0) throw new UsageError("no photograph is named");
  const pictures = asUsage(() => findPictures(sources));
  if (drawing !== undefined && (pictures.length !== 1 || pictures[0]?.file === "-" || grpc)) {
    throw new UsageError("--draw takes exactly one file, and no --grpc");
  }
  return pictures;
}

async function scoreAll(
  client: ScoringClient,
  pictures: readonly Picture[],
  { top, json, draw: drawing }: Arguments,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const picture of pictures) {
    const outcome = await scoreOne(client, picture, top);
    outcomes.push(outcome);
    if (!json) printTable(outcome, top);
    if (drawing !== undefined) await draw(picture, outcome, drawing);
    // A wrong key or a service that is not there will not be right for the next picture.
    if (outcome.result instanceof ScoringFailure && outcome.result.kind !== "badImage") break;
  }
  if (json) process.stdout.write(`${printableJson(outcomes.map(jsonEntry))}\n`);
  return outcomes;
}

/** The highest of the failures, if there are any. */
function exitCodeOf(outcomes: readonly Outcome[]): number {
  let [code, isFound] = [0, false];
  for (const { result } of outcomes) {
    if (result instanceof ScoringFailure) code = Math.max(code, exitCodes[result.kind]);
    else isFound ||= result.top.length > 0 || result.features.length > 0;
  }
  return code > 0 || isFound ? code : nothingFound;
}

function asUsage<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${printable(error.message)}\n${isUsage ? `\n${usage}\n` : ""}`);
    process.exitCode = isUsage ? 2 : error instanceof ScoringFailure ? exitCodes[error.kind] : 1;
  },
);
