/** `npm run score`: scores photographs, prints classes or boxes, draws boxes. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { localServiceFile, readLocalService } from "../src/localService";
import { drawDetections } from "./drawDetections";
import { printTable, type Outcome } from "./table";
import { findPictures, type Picture } from "./pictures";
import { GrpcScoringClient } from "./grpcScoringClient";
import { HttpScoringClient } from "./httpScoringClient";
import type { ScoringClient } from "./scoringClient";
import { ScoringFailure, type FailureKind } from "./scoringFailure";

const usage = `npm run score -- [options] FILE|FOLDER|- ...
  --url URL    scoring URI (default: the service started by npm start)
  --key KEY    its key (default: the local service's; SCORING_KEY in the environment)
  --top N      classes or boxes to show (default: 5; with --draw 100)
  --grpc       call TensorFlow Serving's Predict instead of HTTP; classifiers only
  --labels F   with --grpc: file with the classes' names, one a line (default: the local service's)
  --draw FILE  draw the boxes of one photograph, as PNG
  --json       print one JSON array instead of tables
Exit codes: 0 all scored, 2 wrong usage, 3 bad image, 4 refused (key), 5 unreachable, 6 service failed or busy.`;

const exitCodes: Readonly<Record<FailureKind, number>> = {
  badImage: 3,
  refused: 4,
  unreachable: 5,
  unavailable: 6,
};

/** Wrong usage: exit code 2. */
class UsageError extends Error {}

type Arguments = ReturnType<typeof readArguments>;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string" },
        key: { type: "string" },
        top: { type: "string" },
        draw: { type: "string" },
        grpc: { type: "boolean", default: false },
        labels: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const top = Number(values.top ?? (values.draw === undefined ? 5 : 100));
    if (!Number.isInteger(top) || top < 1 || top > 1000) {
      throw new UsageError(`--top is ${values.top}: must be 1 to 1000`);
    }
    if (values.labels !== undefined && !values.grpc) throw new UsageError("--labels needs --grpc");
    return { ...values, top, names: positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

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
  if (boxes.length < result.top.length) {
    throw new UsageError("--draw needs a detector: this service's model classifies");
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

const jsonEntry = ({ file, result }: Outcome) =>
  result instanceof ScoringFailure
    ? { file, error: { code: result.code, message: result.message } }
    : { file, top: result.top, ms: Math.round(result.ms * 1000) / 1000 };

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
    if (!json) printTable(outcome);
    if (drawing !== undefined) await draw(picture, outcome, drawing);
    // A wrong key or a service that is not there will not be right for the next picture.
    if (outcome.result instanceof ScoringFailure && outcome.result.kind !== "badImage") break;
  }
  if (json) process.stdout.write(`${JSON.stringify(outcomes.map(jsonEntry))}\n`);
  return outcomes;
}

function exitCodeOf(outcomes: readonly Outcome[]): number {
  const codes = outcomes.map(({ result }) =>
    result instanceof ScoringFailure ? exitCodes[result.kind] : 0,
  );
  return Math.max(...codes);
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
    process.stderr.write(`${error.message}\n${isUsage ? `\n${usage}\n` : ""}`);
    process.exitCode = isUsage ? 2 : error instanceof ScoringFailure ? exitCodes[error.kind] : 1;
  },
);
