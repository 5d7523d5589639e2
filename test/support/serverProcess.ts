import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { dist } from "./paths";
import { temporaryFolder } from "./temporaryFolder";

const running = new Set<ChildProcess>();

/** Kills what a failed test has left running. */
export function killProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Everything it has written so far. */
  readonly output: () => string;
  /** Exit code and signal once it has ended. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** Address from its log, once it is ready; rejects when it ends before. */
  readonly url: Promise<string>;
}

interface ProcessOptions {
  readonly args?: string[];
  readonly cwd?: string;
  /** An open file in place of the pipe that `output` and `url` read. */
  readonly stdout?: number;
}

/** Starts the bundled server as a process of its own, with nothing in its environment but PATH, HOME and what is given. */
export function startProcess(
  env: Record<string, string>,
  { args = [], cwd = temporaryFolder("scoring"), stdout }: ProcessOptions = {},
): ServerProcess {
  const child = spawn(process.execPath, [path.join(dist, "main.js"), ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
    stdio: ["ignore", stdout ?? "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let output = "";
  const collect = (chunk: Buffer) => (output += chunk.toString());
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const url = new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const [, found] = /"url":"([^"]+)","metricsUrl":"[^"]+","msg":"ready"/.exec(output) ?? [];
      if (found) resolve(found);
    });
    void ended.then(() => reject(new Error(`the server ended: ${output}`)));
  });
  url.catch(() => undefined);
  return { child, output: () => output, ended, url };
}

/** Pictures that wait for a worker of a server that is ready. */
export async function queueLength(server: ServerProcess): Promise<number> {
  const [, url] = /"metricsUrl":"([^"]+)","msg":"ready"/.exec(server.output()) ?? [];
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^scoring_queue_length (\d+)$/m.exec(text)?.[1]);
}
