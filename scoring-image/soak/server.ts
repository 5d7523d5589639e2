import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { metricNames, paths, variables } from "../src/contract";
import { get } from "./httpClient";

/** Keys of every server of a run. */
export const keys = { primary: "soak-key-of-no-secrecy", secondary: "soak-key-second" } as const;

export interface ServerOptions {
  /** Path of the bundled `main.js`. */
  readonly entry: string;
  /** Core to pin the process to; undefined where `taskset` is missing. */
  readonly core: number | undefined;
  /** File that takes its log. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Port to listen on; a free one unless given. */
  readonly port?: number;
  /** Certificate of the CA to trust, PEM; without it the server is asked over plain HTTP. */
  readonly ca?: string;
  /** Words to put before the command, such as those that move it into a control group; they must end in an exec of it. */
  readonly launcher?: readonly string[];
}

const running = new Set<ChildProcess>();

/** Kills whatever a scenario that failed has left running. */
export function killServers(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The scoring server as a process of its own, with default settings unless told otherwise. */
export class Server {
  /** Exit code and signal once it has ended. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;

  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
    readonly metricsPort: number,
    readonly ca: string | undefined,
    /** From `spawn` to ready, in milliseconds. */
    readonly startMs: number,
  ) {
    this.ended = once(child, "exit") as Server["ended"];
  }

  get url(): string {
    return `${this.ca === undefined ? "http" : "https"}://localhost:${this.port}`;
  }

  /** Resolves when the server is ready. @throws Error when it ends before */
  static async start(options: ServerOptions): Promise<Server> {
    const port = options.port ?? (await freePort());
    const metricsPort = await freePort();
    const started = performance.now();
    const child = spawnPinned(options, {
      [variables.port]: String(port),
      [variables.metricsPort]: String(metricsPort),
      [variables.primaryKey]: keys.primary,
      [variables.secondaryKey]: keys.secondary,
      ...options.env,
    });
    const scheme = options.ca === undefined ? "http" : "https";
    while (child.exitCode === null && child.signalCode === null) {
      const ready = await get(`${scheme}://localhost:${port}${paths.ready}`, options.ca);
      if (ready === 200) {
        return new Server(child, port, metricsPort, options.ca, performance.now() - started);
      }
      await delay(20);
    }
    throw new Error(`a server ended before it was ready; its log is ${options.log}`);
  }

  /** Resident memory in MB (10^6 bytes), as the kernel counts it. */
  rssMb(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
  }

  /** Scoring requests that the server counts as handled, whatever came of them; of one protocol if it is given. */
  async handled(protocol = ""): Promise<number> {
    const text = await this.#metrics();
    const labels = `{[^}]*protocol="${protocol || '[^"]+'}"[^}]*}`;
    const rows = text.matchAll(new RegExp(`^${metricNames.requests}${labels} (\\d+)$`, "gm"));
    return [...rows].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async threadRestarts(): Promise<number> {
    const row = new RegExp(`^${metricNames.threadRestarts} (\\d+)$`, "m");
    return Number(row.exec(await this.#metrics())?.[1]);
  }

  async #metrics(): Promise<string> {
    return (await fetch(`http://localhost:${this.metricsPort}${paths.metrics}`)).text();
  }

  /** Asks it to stop as Kubernetes would; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    const [code] = await this.ended;
    return code;
  }
}

function spawnPinned(options: ServerOptions, env: Readonly<Record<string, string>>): ChildProcess {
  const { core, entry, launcher = [], log } = options;
  const pin = core === undefined ? [] : ["taskset", "-c", String(core)];
  const node = [process.execPath, "--max-semi-space-size=2", entry];
  const [command, ...args] = [...launcher, ...pin, ...node] as [string, ...string[]];
  const file = openSync(log, "a");
  // Memory bounded as in the image.
  const asInImage = { HOST: "127.0.0.1", MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072" };
  const child = spawn(command, args, {
    env: { PATH: process.env["PATH"], ...asInImage, ...env },
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}
