import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "./engine";

export const key = "key-of-the-image-verification";
const port = 5391;
export const url = `http://127.0.0.1:${port}`;

/** A running container of the scoring image, as a platform would run it: read-only, another user, bounded. */
export class Container {
  private constructor(
    private readonly engine: Engine,
    readonly id: string,
    /** From the order to start until it is ready, in milliseconds. */
    readonly readyMs: number,
  ) {}

  static async start(engine: Engine, image: string, cpus: number): Promise<Container> {
    const started = performance.now();
    const id = engine.docker(
      ["run", "-d", "--network", "host", "--read-only", "--user", "10001:10001", "--tmpfs", "/tmp"]
        .concat(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
        .concat(["--cpus", String(cpus), "--memory", "1g", "-e", `PRIMARY_KEY=${key}`])
        .concat(["-e", `PORT=${port}`, "-e", `METRICS_PORT=${port + 1}`, image]),
    );
    while (!(await isReady())) {
      if (performance.now() - started > 60_000) throw new Error(engine.docker(["logs", id]));
      await delay(20);
    }
    return new Container(engine, id, performance.now() - started);
  }

  inspect(format: string): string {
    return this.engine.docker(["inspect", "--format", format, this.id]);
  }

  /** Resident memory of the process in bytes. */
  rss(): number {
    const status = readFileSync(`/proc/${this.inspect("{{.State.Pid}}")}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Its log and its process list. */
  traces(): string {
    return this.engine.shell(
      `"$docker" logs ${this.id} 2>&1; "$docker" top ${this.id} -o pid,args`,
    );
  }

  terminate(): void {
    this.engine.docker(["kill", "--signal", "TERM", this.id]);
  }

  /** Waits for its end; returns the exit code. */
  exitCode(): number {
    return Number(this.engine.docker(["wait", this.id]));
  }

  remove(): void {
    this.engine.docker(["rm", "-f", this.id]);
  }
}

const isReady = () =>
  fetch(`${url}/v2/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
