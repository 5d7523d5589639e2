import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { paths, variables } from "../../src/contract";
import { watchChild } from "../children";
import type { Requests } from "../load/orders";
import { readMetrics } from "./metrics";

const key = "gpu-verification-key-of-no-secrecy";

/** Longest time from its start until a server is ready, in milliseconds. */
const startMs = 60_000;

/** As in the image: Dockerfile. */
const asInImage = {
  ...{ MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072" },
  NODE_OPTIONS: "--max-semi-space-size=32",
} as const;

export interface ServerOptions {
  /** Path of the bundled `main.js`. */
  readonly entry: string;
  /** Settings beside the defaults. */
  readonly env: Readonly<Record<string, string>>;
  /** The cores that it may use, as `taskset` lists them; all unless given. */
  readonly cores?: string | undefined;
}

/** How the start of a server went. */
export type Start =
  | { readonly server: ServerProcess; readonly readyMs: number }
  /** It ended: its exit code and what it wrote to standard error. */
  | { readonly code: number | null; readonly lines: readonly string[] };

interface ReadyLine {
  readonly msg?: string;
  readonly url?: string;
  readonly metricsUrl?: string;
}

function spawnServer({ entry, env, cores }: ServerOptions): ChildProcess {
  const [command, ...args] =
    cores === undefined
      ? ([process.execPath, entry] as const)
      : (["taskset", "-c", cores, process.execPath, entry] as const);
  const child = spawn(command, args, {
    env: {
      ...process.env,
      ...asInImage,
      ...{ [variables.port]: "0", [variables.metricsPort]: "0", [variables.primaryKey]: key },
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  watchChild(child);
  return child;
}

/** The scoring server as a process of its own, on free ports. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: URL,
    private readonly metricsUrl: string,
    /** What it logged before it was ready. */
    readonly log: readonly string[],
  ) {}

  /**
   * Resolves when the server is ready or has ended.
   * @throws Error when it is neither within a minute
   */
  static async start(options: ServerOptions): Promise<Start> {
    const started = performance.now();
    const child = spawnServer(options);
    const errors: string[] = [];
    const output = createInterface(child.stdout as Readable);
    createInterface(child.stderr as Readable).on("line", (line) => errors.push(line));
    const ready = new Promise<Start>((resolve) => {
      const log: string[] = [];
      output.on("line", (line) => {
        if (log.length < 100) log.push(line);
        const { msg, url, metricsUrl } = parse(line);
        if (msg !== "ready" || url === undefined || metricsUrl === undefined) return;
        const server = new ServerProcess(child, new URL(url), metricsUrl, log);
        resolve({ server, readyMs: performance.now() - started });
      });
    });
    const ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      lines: errors.filter((line) => line.trim() !== ""),
    }));
    const late = delay(startMs, undefined, { ref: false });
    const start = await Promise.race([ready, ended, late]);
    if (start) return start;
    child.kill("SIGKILL");
    throw new Error(`the server was not ready within ${startMs / 1000} s`);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Requests to this server that score pictures. @param path path and query */
  requests(path: string, pictures: readonly string[]): Requests {
    return { host: this.url.hostname, port: Number(this.url.port), path, key, pictures };
  }

  async metrics(): Promise<ReadonlyMap<string, number>> {
    return readMetrics(await (await fetch(`${this.metricsUrl}${paths.metrics}`)).text());
  }

  /** Status of the readiness probe; 0 when there is no answer. */
  async readiness(): Promise<number> {
    return fetch(new URL(paths.ready, this.url)).then(
      ({ status }) => status,
      () => 0,
    );
  }

  /** Asks it to stop as Kubernetes would, and kills it when it does not. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    const [code] = (await ended) as [number | null];
    clearTimeout(timer);
    return code;
  }
}

function parse(line: string): ReadyLine {
  try {
    return JSON.parse(line) as ReadyLine;
  } catch {
    return {};
  }
}
