import { prepareRun, runInTerminal, stackOf } from "./pulumi/run";

/** npm scripts that stand for a command of the CLI, with the flags they add. */
const shortcuts: Readonly<Record<string, readonly string[]>> = {
  preview: ["preview", "--policy-pack", "policies"],
  up: ["up", "--policy-pack", "policies"],
  destroy: ["destroy"],
  outputs: ["stack", "output"],
};

/** `npm run up -- --stack dev` and its like; `npm run pulumi -- COMMAND` for every other command of the CLI. */
async function main(): Promise<number> {
  const [name = "", ...rest] = process.argv.slice(2);
  const shortcut = shortcuts[name];
  if (shortcut && stackOf(rest) === undefined) {
    throw new Error(`Name the stack: npm run ${name} -- --stack dev`);
  }
  const remove = name === "destroy" && rest.includes("--remove");
  const args = [...(shortcut ?? [name]), ...rest.filter((arg) => !(remove && arg === "--remove"))];
  const run = prepareRun(args, name === "up" || name === "preview");
  process.stderr.write(`Using ${run.describe()}\n`);
  const code = await runInTerminal(run);
  // `destroy --remove` would delete the tracked stack file too.
  if (code !== 0 || !remove) return code;
  return runInTerminal(prepareRun(["stack", "rm", "--yes", "--stack", stackOf(rest) ?? ""]));
}

main()
  .then((code) => (process.exitCode = code))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
