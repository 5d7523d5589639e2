import { readFileSync, statSync } from "node:fs";
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
    const status = readFileSync(this.#proc("status"), "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** CPU time that the process has used, in seconds: proc(5), fields 14 and 15 of `stat`, in hundredths. */
  cpuSeconds(): number {
    const afterName = readFileSync(this.#proc("stat"), "utf8").split(") ")[1] ?? "";
    const [user, system] = afterName.split(" ").slice(11, 13).map(Number);
    return ((user ?? NaN) + (system ?? NaN)) / 100;
  }

  /** Mode and owner of the file that shows the process's environment. */
  environmentFile(): { readonly mode: number; readonly uid: number } {
    return statSync(this.#proc("environ"));
  }

  #proc(file: string): string {
    return `/proc/${this.inspect("{{.State.Pid}}")}/${file}`;
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
