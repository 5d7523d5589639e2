import { execFileSync, spawn, type ExecFileSyncOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Debian's client first: another one on the PATH may know only buildx. */
const client = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";

/** Runs a program to its end and returns what it printed. */
export function run(program: string, args: readonly string[], options: ExecFileSyncOptions = {}) {
  const output = execFileSync(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28,
    ...options,
  });
  return output.toString().trim();
}

/** The engine leaves its network namespace mounted when it ends. */
function unmountBelow(folder: string): void {
  for (const line of readFileSync("/proc/mounts", "utf8").split("\n").reverse()) {
    const [, mountPoint] = line.split(" ");
    if (mountPoint?.startsWith(`${folder}/`)) run("umount", [mountPoint]);
  }
}

/** A Docker engine: the one that answers already, or one of our own. */
export class Engine {
  private constructor(
    private readonly env: NodeJS.ProcessEnv,
    /** Ends the engine if it is our own. */
    readonly stop: () => Promise<void>,
  ) {}

  static async start(): Promise<Engine> {
    const present = new Engine(process.env, () => Promise.resolve());
    if (present.answers()) return present;
    if (!existsSync("/usr/sbin/dockerd")) {
      run("apt-get", ["update", "-qq"]);
      run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "docker.io"]);
    }
    const folder = mkdtempSync(path.join(os.tmpdir(), "docker-"));
    const at = (name: string) => path.join(folder, name);
    const socket = `unix://${at("docker.sock")}`;
    const log = openSync(`${folder}.log`, "a");
    // Neither bridge nor firewall rules: builds and containers use the host's network.
    const daemon = spawn(
      "/usr/sbin/dockerd",
      ["--iptables=false", "--ip6tables=false", "--bridge=none", "-H", socket].concat([
        "--data-root",
        at("data"),
        "--exec-root",
        at("exec"),
        "--pidfile",
        at("pid"),
      ]),
      { stdio: ["ignore", log, log] },
    );
    const ended = once(daemon, "exit");
    const engine = new Engine({ ...process.env, DOCKER_HOST: socket }, async () => {
      daemon.kill("SIGTERM");
      await ended;
      unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
    });
    for (let i = 0; !engine.answers(); i++) {
      if (i === 60 || daemon.exitCode !== null) throw new Error(`no engine: see ${folder}.log`);
      await delay(500);
    }
    return engine;
  }

  private answers(): boolean {
    try {
      return this.docker(["info", "--format", "{{.ServerVersion}}"]) !== "";
    } catch {
      return false;
    }
  }

  /** Runs the Docker client. */
  docker(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    return run(client, args, { env: { ...this.env, ...env } });
  }

  /** Runs the Docker client through a shell line, which reads `$docker`. */
  shell(line: string): string {
    return run("/bin/sh", ["-ec", line], { env: { ...this.env, docker: client } });
  }
}
