import { spawn, spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { findBackend, type Backend } from "./backend";
import { findCli, type PulumiCli } from "./cli";
import { StackSettings } from "./stackSettings";

const root = path.join(__dirname, "..", "..");

/** Commands that read the stack's configuration and take `--config-file`. */
const configured = ["up", "preview", "destroy", "refresh", "import", "watch", "config"];

/** A run of the CLI that is ready to be started. */
export interface PreparedRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** "pulumi 3.259.0 from PATH (/usr/bin/pulumi), state in .pulumi-state". */
  readonly describe: () => string;
  /** To be called when the run has ended. */
  readonly finish: () => void;
}

/**
 * Prepares a run of the CLI on the project's backend, with the stack's configuration in a file that git does not see.
 * @param args the CLI's arguments
 * @param create whether the stack is created when there is none of that name
 * @throws Error when there is no CLI or the stack cannot be created
 */
export function prepareRun(args: readonly string[], create = false): PreparedRun {
  const cli = findCli();
  const backend = findBackend(root);
  const describe = () => `${cli.describe()}, state in ${backend.description}`;
  const env = environment(cli, backend);
  const stack = stackOf(args);
  const [command = ""] = args;
  if (stack === undefined || args.some((arg) => arg.startsWith("--config-file"))) {
    return { file: cli.file, args, env, describe, finish: () => undefined };
  }
  const settings = new StackSettings(root, backend.stacksFolder, stack);
  if (create) createStack(cli.file, env, backend.stacksFolder, stack);
  return {
    file: cli.file,
    args: configured.includes(command)
      ? [command, "--config-file", settings.file, ...args.slice(1)]
      : args,
    env,
    describe,
    finish: () => {
      if (command === "config") settings.save();
    },
  };
}

/** Starts the run with this process's terminal and answers with its exit code. */
export function runInTerminal({ file, args, env, finish }: PreparedRun): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { cwd: root, env, stdio: "inherit" });
    // A terminal interrupts the whole group itself; a second interrupt would make the engine drop what it is doing.
    process.on("SIGINT", () => {
      if (!process.stdin.isTTY) child.kill("SIGINT");
    });
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.once("error", reject);
    child.once("exit", (code) => {
      finish();
      resolve(code ?? 1);
    });
  });
}

/** The stack that the arguments name, if any. */
export function stackOf(args: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === "--") return undefined;
    if (arg === "--stack" || arg === "-s") return args[index + 1];
    const inline = /^--stack=(.+)$/.exec(arg)?.[1];
    if (inline !== undefined) return inline;
  }
  return undefined;
}

function environment(cli: PulumiCli, backend: Backend): NodeJS.ProcessEnv {
  // The language host lies beside the CLI and starts whatever `node` it finds: it shall be this one.
  const folders = [path.dirname(cli.file), path.dirname(process.execPath), process.env["PATH"]];
  return {
    ...process.env,
    ...backend.env,
    PATH: folders.join(path.delimiter),
    PULUMI_SKIP_UPDATE_CHECK: process.env["PULUMI_SKIP_UPDATE_CHECK"] ?? "true",
    // A stack whose salt another machine has made is still opened by its passphrase: the state knows the salt too.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    // `stack rm` would delete the tracked file.
    PULUMI_OPTION_PRESERVE_CONFIG: "true",
  };
}

/** Creates the stack in a folder of its own, because `stack init` writes a salt beside the Pulumi.yaml that it finds. */
function createStack(file: string, env: NodeJS.ProcessEnv, folder: string, stack: string): void {
  copyFileSync(path.join(root, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
  const cli = (args: readonly string[], stdout: "pipe" | 2) =>
    spawnSync(file, [...args, "--cwd", folder], {
      encoding: "utf8",
      env,
      stdio: ["inherit", stdout, "inherit"],
    });
  const listed = cli(["stack", "ls", "--json"], "pipe");
  if (listed.status !== 0) throw new Error("pulumi stack ls failed");
  const stacks = JSON.parse(listed.stdout) as readonly { readonly name: string }[];
  if (stacks.some(({ name }) => name === stack || name.split("/").at(-1) === stack)) return;
  if (cli(["stack", "init", stack, "--no-select"], 2).status !== 0) {
    throw new Error(`The stack ${stack} could not be created`);
  }
}
