import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { RawClient, type RawAnswer } from "../rawHttp";

/** What every server is given. */
export interface RaceSubject {
  /** Path of the bundled `main.js` of the service. */
  readonly entry: string;
  readonly modelDir: string;
}

/** A server that is up. */
export interface Runner {
  readonly url: string;
  readonly pid: number;
  /** One call: a JPEG for 1000 scores. */
  readonly requestOf: (jpeg: Buffer) => Buffer;
  readonly scoresOf: (answer: RawAnswer) => readonly number[];
  readonly stop: () => Promise<unknown>;
}

/** A server of the race. */
export interface Contender {
  readonly name: string;
  /** @throws Error why it cannot be had or does not start */
  readonly start: (subject: RaceSubject) => Promise<Runner>;
}

/** Each has two workers with one thread of ONNX Runtime. */
export const workers = 2;

const startMs = 60_000;

const sample = readFileSync(path.join(__dirname, "../../../samples/espresso.jpg"));

/** A process and the last of what it has said. */
export interface Python {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** Starts a process that leads a group of its own, so that what it starts ends with it, and both with this process. */
export function startPython(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Python {
  const child = spawn(command, args, {
    cwd: __dirname,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  process.once("exit", () => kill(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
  }
  return { child, output: () => output };
}

/** Waits until a server scores. @throws Error when it has ended or takes too long */
export async function ready({ child, output }: Python, runner: Runner): Promise<Runner> {
  const givenUpAt = performance.now() + startMs;
  for (;;) {
    const client = new RawClient(runner.url);
    try {
      await client.call(runner.requestOf(sample));
      return runner;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > givenUpAt) {
        await runner.stop();
        throw new Error(`it does not score: ${output()}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    } finally {
      client.close();
    }
  }
}

export const pidOf = ({ child }: Python) => child.pid as number;

/** Ends a process and what it has started, at once. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  kill(child);
  await ended;
}

function kill(child: ChildProcess): void {
  const isRunning = child.exitCode === null && child.signalCode === null;
  if (isRunning && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
}

/** A port of this machine that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
