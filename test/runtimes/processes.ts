import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { root } from "../support/paths";

export const here = path.join(root, "test", "runtimes");
const home = process.env["RUNTIMES_HOME"] ?? path.join(root, ".local", "runtimes");

/** A runtime's process and what it has written. */
export interface RuntimeProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Ends it and whatever it has started, at once. */
  readonly kill: () => Promise<void>;
}

const running = new Set<RuntimeProcess>();

export async function killRuntimes(): Promise<void> {
  await Promise.all([...running].map(({ kill }) => kill()));
}

/** Starts a process that leads a group of its own. */
export function startRuntime(
  command: string,
  args: readonly string[],
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {},
): RuntimeProcess {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  }
  const ended = once(child, "exit");
  const runtime: RuntimeProcess = {
    child,
    output: () => output,
    kill: async () => {
      running.delete(runtime);
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-(child.pid as number), "SIGKILL");
        await ended;
      }
    },
  };
  running.add(runtime);
  return runtime;
}

/** Starts one of the TypeScript files beside this one. */
export const startScript = (file: string, ...args: string[]): RuntimeProcess =>
  startRuntime(process.execPath, ["--import", "tsx", path.join(here, file), ...args], {
    cwd: root,
  });

async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}`);
  return output.trim();
}

/** Makes a virtual environment from `requirements-NAME.txt` if it is not there. @returns the folder of its commands */
export async function environment(name: string): Promise<string> {
  const bin = path.join(home, name, "bin");
  if (!existsSync(path.join(bin, "python"))) {
    mkdirSync(home, { recursive: true });
    await run("python3", ["-m", "venv", path.join(home, name)]);
  }
  const requirements = path.join(here, `requirements-${name}.txt`);
  await run(path.join(bin, "python"), ["-m", "pip", "install", "--quiet", "-r", requirements]);
  return bin;
}

/** Where an interpreter keeps its libpython, which Triton's Python backend loads by name. */
export const libraryFolder = (bin: string): Promise<string> =>
  run(path.join(bin, "python"), [
    "-c",
    "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))",
  ]);

/** A port of this machine that nobody has now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
