import { spawn } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { parse, stringify } from "yaml";
import { startSimulation, type Simulation } from "../../simulation/simulation";
import { findCli } from "../../../scripts/pulumi/cli";

const root = path.join(__dirname, "..", "..", "..");

/** How a run of the CLI ended. */
export interface CliRun {
  readonly code: number | null;
  /** Standard output and standard error together. */
  readonly text: string;
}

/** Settings that every simulated stack gets: nothing of them reaches outside of this machine. */
const always = {
  "accelerated-scoring:deployerAddressUrl": "http://address/",
  "accelerated-scoring:protectData": false,
};

let bundle: string | undefined;

/** The program as one JavaScript file: the language host would otherwise compile it for every run. */
function bundled(): string {
  bundle ??= buildSync({
    entryPoints: [path.join(root, "index.ts")],
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    write: false,
    logLevel: "error",
  }).outputFiles[0]?.text;
  return bundle ?? "";
}

/** A stack of the project, driven by the real engine against the simulation, with its state in a folder of its own. */
export class SimulatedStack {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "simulated-"));
  private readonly env: NodeJS.ProcessEnv;

  private constructor(
    readonly name: string,
    readonly simulation: Simulation,
    commands: string,
  ) {
    this.env = {
      ...process.env,
      ...simulation.env,
      PATH: [commands, path.dirname(findCli().file), process.env["PATH"]].join(path.delimiter),
      PULUMI_HOME: path.join(this.folder, "home"),
      PULUMI_BACKEND_URL: `file://${path.join(this.folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "simulated",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  /** Copies the project and makes the stack from the shipped file. */
  static async create(
    name: string,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<SimulatedStack> {
    const simulation = await startSimulation();
    const commands = mkdtempSync(path.join(os.tmpdir(), "commands-"));
    for (const command of ["kubelogin", "az"])
      writeFileSync(path.join(commands, command), "", { mode: 0o755 });
    const stack = new SimulatedStack(name, simulation, commands);
    stack.copyProject();
    stack.configure(settings);
    const { code, text } = await stack.run("stack", "init", name);
    if (code !== 0) throw new Error(text);
    return stack;
  }

  private copyProject(): void {
    mkdirSync(path.join(this.folder, "state"));
    const project = parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as Record<
      string,
      unknown
    >;
    project["runtime"] = { name: "nodejs", options: { typescript: false } };
    project["main"] = "index.js";
    writeFileSync(path.join(this.folder, "Pulumi.yaml"), stringify(project));
    writeFileSync(path.join(this.folder, "index.js"), bundled());
    copyFileSync(path.join(root, "package.json"), path.join(this.folder, "package.json"));
    for (const part of ["node_modules", "scoring-image"]) {
      symlinkSync(path.join(root, part), path.join(this.folder, part));
    }
  }

  /** The shipped settings with others over them; keeps what the CLI itself has noted in the file. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const file = path.join(this.folder, `Pulumi.${this.name}.yaml`);
    const read = (from: string) => parse(readFileSync(from, "utf8")) as { config?: object };
    const shipped = read(path.join(root, `Pulumi.${this.name}.yaml`));
    let noted = {};
    try {
      const { config: _config, ...rest } = read(file);
      noted = rest;
    } catch {
      // There is none before the first call.
    }
    const own = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [
        key.includes(":") ? key : `accelerated-scoring:${key}`,
        value,
      ]),
    );
    writeFileSync(
      file,
      stringify({ ...shipped, ...noted, config: { ...shipped.config, ...always, ...own } }),
    );
  }

  /** Runs the CLI, which may be interrupted by `signal` once `when` holds. */
  async run(...args: readonly string[]): Promise<CliRun> {
    return this.start(args).done;
  }

  /** Starts the CLI. */
  start(args: readonly string[]): {
    readonly kill: (signal: NodeJS.Signals) => void;
    readonly done: Promise<CliRun>;
  } {
    const command = ["up", "preview", "destroy", "refresh", "cancel"].includes(args[0] ?? "")
      ? [...args, "--stack", this.name]
      : args;
    const child = spawn("pulumi", [...command, "--non-interactive", "--color", "never"], {
      cwd: this.folder,
      env: this.env,
    });
    let text = "";
    child.stdout.on("data", (part: Buffer) => (text += part.toString()));
    child.stderr.on("data", (part: Buffer) => (text += part.toString()));
    const done = new Promise<CliRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        resolve({ code, text });
      });
    });
    return { kill: (signal) => child.kill(signal), done };
  }

  /** `pulumi up` without a preview; @throws Error with all that the CLI said when it fails */
  async up(): Promise<CliRun> {
    return this.must("up", "--yes", "--skip-preview");
  }

  async destroy(): Promise<CliRun> {
    return this.must("destroy", "--yes", "--skip-preview");
  }

  /** Destroys the stack; logical names in the order in which the engine was done with them. */
  async destroyInOrder(): Promise<string[]> {
    const { text } = await this.destroy();
    return [...text.matchAll(/^ - +\S+ (\S+) deleted/gm)].map(([, name = ""]) => name);
  }

  /** Gives the model another content, and with it another version. */
  changeModel(): void {
    const linked = path.join(this.folder, "scoring-image");
    rmSync(linked);
    mkdirSync(path.join(linked, "models"), { recursive: true });
    for (const part of ["Dockerfile", "package.json"]) {
      copyFileSync(path.join(root, "scoring-image", part), path.join(linked, part));
    }
    const models = path.join(linked, "models");
    cpSync(path.join(root, "scoring-image", "models"), models, { recursive: true });
    writeFileSync(path.join(models, "efficientnet-lite0", "added.txt"), "another content\n");
  }

  /** The keys that the simulation's random provider has made. */
  generatedKeys(): readonly string[] {
    return this.simulation.passwords;
  }

  async must(...args: readonly string[]): Promise<CliRun> {
    const run = await this.run(...args);
    if (run.code !== 0)
      throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}\n${run.text}`);
    return run;
  }

  /** The calls since the last time this was asked. */
  calls(): Simulation["state"]["calls"] {
    const { calls } = this.simulation.state;
    this.simulation.state.calls = [];
    return calls;
  }

  close(): void {
    this.simulation.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
