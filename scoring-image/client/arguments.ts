import { parseArgs } from "node:util";

/** What `--help` prints, and wrong usage too. */
export const usage = `npm run score -- [options] FILE|FOLDER|- ...
  --url URL    scoring URI (default: the service started by npm start)
  --key KEY    its key (default: the local service's; SCORING_KEY in the environment)
  --top N      classes or boxes to show, or values of a model that has neither (default: 5; with --draw 100)
  --grpc       call TensorFlow Serving's Predict instead of HTTP; classifiers only
  --labels F   with --grpc: file with the classes' names, one a line (default: the local service's)
  --draw FILE  draw the boxes of one photograph, as PNG
  --json       print one JSON array instead of tables
A redirect is not followed: the picture goes to the host that is named, or nowhere.
Exit codes: 0 all scored, 2 wrong usage, 3 bad image, 4 refused (key), 5 unreachable, 6 service failed or busy,
7 all scored, but nothing found in any photograph.`;

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** The command line, read. */
export type Arguments = ReturnType<typeof readArguments>;

/** Reads the command line. @throws UsageError */
export function readArguments() {
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
