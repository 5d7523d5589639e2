/** `npm run model`: one command line for models. Each verb is a file of its own. */
import { CommandFailure, exitCodes, isFileError } from "./failure";
import { convert } from "./convert";
import { fetch } from "./fetch";
import { hash } from "./hash";
import { inspect } from "./inspect";
import { list } from "./list";
import { newVerb } from "./new";
import { quantize } from "./quantize";
import type { Verb } from "./verb";
import { verify } from "./verify";

const verbs: Readonly<Record<string, Verb>> = {
  list,
  fetch,
  inspect,
  convert,
  quantize,
  verify,
  hash,
  new: newVerb,
};

const help = [
  "npm run model -- VERB [arguments] [--json]",
  ...Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`),
  "npm run model -- VERB --help tells a verb's arguments.",
  "Exit codes: 0 done, 1 a fault of this program, 2 wrong usage, 3 the model is refused, 4 download failed,",
  "5 Python is missing or could not be set up, 6 two models differ by more than was allowed,",
  "7 a file or folder cannot be read or written, 130 interrupted.",
];

async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === "--help") {
    process.stdout.write(`${help.join("\n")}\n`);
    return name === undefined ? exitCodes.usage : 0;
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) throw new CommandFailure("usage", `there is no verb "${name}"\n${help.join("\n")}`);
  if (rest.includes("--help")) {
    process.stdout.write(`npm run model -- ${verb.usage.join("\n")}\n${verb.summary}\n`);
    return 0;
  }
  const { json, lines, failure } = await verb.run(rest.filter((word) => word !== "--json"));
  const text = rest.includes("--json") ? JSON.stringify(json, undefined, 2) : lines.join("\n");
  process.stdout.write(`${text}\n`);
  if (failure) throw failure;
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const failure = isFileError(error) ? new CommandFailure("files", error.message) : error;
    const known = failure instanceof CommandFailure;
    process.stderr.write(`${known ? failure.message : String((failure as Error).stack)}\n`);
    process.exitCode = known ? exitCodes[failure.kind] : 1;
  },
);
