import {
  execFileSync,
  spawn,
  type ChildProcess,
  type ExecFileSyncOptions,
  type StdioOptions,
} from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Debian's client first, which comes with the engine that is installed here: another one on the PATH may know only buildx. */
const client = () => (existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker");

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
    /** What a command line begins with to run in the engine's network. */
    private readonly entered: readonly string[] = [],
    /** Socket of the containerd that an engine of our own has. */
    readonly containerd = "",
  ) {}

  static async start(): Promise<Engine> {
    const present = new Engine(process.env, () => Promise.resolve());
    return present.answers() ? present : Engine.launch(false);
  }

  /**
   * An engine of our own, with nothing in it.
   * @param withoutNetwork in a network namespace of its own that has loopback alone; containers on the host's network are in it too
   */
  static async launch(withoutNetwork: boolean): Promise<Engine> {
    if (!existsSync("/usr/sbin/dockerd")) {
      run("apt-get", ["update", "-qq"]);
      run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "docker.io"]);
    }
    const folder = mkdtempSync(path.join(os.tmpdir(), "docker-"));
    const socket = `unix://${path.join(folder, "docker.sock")}`;
    const daemon = startDaemon(folder, socket, withoutNetwork);
    const ended = once(daemon, "exit");
    const entered = withoutNetwork ? ["nsenter", `--target=${daemon.pid}`, "--net", "--"] : [];
    const env = { ...process.env, DOCKER_HOST: socket };
    const stop = async () => {
      daemon.kill("SIGTERM");
      await ended;
      unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
      rmSync(`${folder}.log`);
    };
    const containerd = path.join(folder, "exec", "containerd", "containerd.sock");
    const engine = new Engine(env, stop, entered, containerd);
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
    return run(client(), args, { env: { ...this.env, ...env } });
  }

  /** Runs the Docker client through a shell line, which reads `$docker`. */
  shell(line: string): string {
    return run("/bin/sh", ["-ec", line], { env: { ...this.env, docker: client() } });
  }

  /** Runs a program in the engine's network, to which this engine is `docker`. */
  inside(command: readonly string[], options: ExecFileSyncOptions = {}): string {
    const [program = "", ...args] = [...this.entered, ...command];
    return run(program, args, { ...options, env: { ...this.env, ...options.env } });
  }
}

/** Neither bridge nor firewall rules: builds and containers use the engine's own network. */
function startDaemon(folder: string, socket: string, withoutNetwork: boolean): ChildProcess {
  const at = (name: string) => path.join(folder, name);
  const command = [
    ...["/usr/sbin/dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none"],
    ...["-H", socket, "--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")],
  ];
  const log = openSync(`${folder}.log`, "a");
  const stdio: StdioOptions = ["ignore", log, log];
  if (!withoutNetwork) return spawn(command[0] ?? "", command.slice(1), { stdio });
  const script = 'ip link set lo up && exec "$@"';
  return spawn("unshare", ["--net", "--", "/bin/sh", "-ec", script, "sh", ...command], { stdio });
}
