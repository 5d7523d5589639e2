import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import { variables } from "../src/contract";
import { keys, Server } from "../soak/server";
import type { Attack, Transport } from "./attack";
import { GoodClients, type Photograph } from "./goodClients";
import { usageOf, type Usage } from "./measure";
import type { MemoryGroup } from "./memoryGroup";

/** What every server of a run has in common. */
export interface Ground {
  /** Folder of the built server. */
  readonly dist: string;
  /** Folder for logs of this run. */
  readonly folder: string;
  /** Core of the server; undefined where nothing is pinned. */
  readonly core: number | undefined;
  readonly group: MemoryGroup | undefined;
  readonly photographs: readonly Photograph[];
}

/** Grace period of the servers that are stopped in the midst of an attack, in seconds: short, so that a run is. */
export const stopGraceSeconds = 3;

const warmUpSeconds = 5;

/** How a line of the log begins that says nothing of why a server has died. */
const ordinary = '{"level":30,';

/** What is shown of the others: lines, and characters of each. */
const lastLines = 20;
const longestLine = 300;

const fixtures = path.join(__dirname, "..", "..", "test", "fixtures", "tls");
const certificate = readFileSync(path.join(fixtures, "first.crt"), "utf8");

/** A warmed server that is about to be attacked, and those that it serves meanwhile. */
export class Victim {
  private constructor(
    readonly server: Server,
    readonly clients: GoodClients,
    /** Once warm and at rest. */
    readonly warmed: Usage,
    /** File with its log; undefined where nobody may read that. */
    private readonly log: string | undefined,
    private readonly letGo: () => void,
  ) {}

  /** @throws Error when the server does not start or does not score as it should */
  static async start(
    ground: Ground,
    transport: Transport,
    needs: Attack["server"] = {},
  ): Promise<Victim> {
    const log = path.join(ground.folder, `${Date.now()}.log`);
    const reader = needs.isLogUnread ? openUnread(log) : undefined;
    const server = await Server.start({
      entry: path.join(ground.dist, "main.js"),
      ...{ core: ground.core, log, env: environment(transport, needs) },
      ...(ground.group ? { launcher: ground.group.launcher } : {}),
      ...(transport === "tls" ? { ca: certificate } : {}),
    });
    const clients = new GoodClients(server.url, keys.primary, ground.photographs);
    await clients.learn();
    const warm = performance.now() + warmUpSeconds * 1000;
    await clients.score(() => performance.now() >= warm);
    await delay(500);
    const warmed = usageOf(server.child.pid as number);
    const readable = reader === undefined ? log : undefined;
    return new Victim(server, clients, warmed, readable, () => {
      if (reader !== undefined) closeSync(reader);
    });
  }

  get pid(): number {
    return this.server.child.pid as number;
  }

  get isAlive(): boolean {
    const { exitCode, signalCode } = this.server.child;
    return exitCode === null && signalCode === null;
  }

  /** How it ended, with the last that it had to say; undefined while it lives. */
  get ending(): string | undefined {
    const { exitCode, signalCode } = this.server.child;
    if (this.isAlive) return undefined;
    const how = signalCode ?? `exit code ${exitCode}`;
    if (this.log === undefined) return how;
    const lines = readFileSync(this.log, "utf8").split("\n");
    const telling = lines.filter((line) => line && !line.startsWith(ordinary)).slice(-lastLines);
    return [how, ...telling.map((line) => line.slice(0, longestLine))].join("\n    ");
  }

  /** Ends the server, unasked. */
  async end(): Promise<void> {
    this.clients.close();
    if (this.isAlive) this.server.child.kill("SIGKILL");
    await this.server.ended;
    this.letGo();
  }
}

/** Makes this process's clients trust the servers' certificate. */
export function trustVictims(): void {
  tls.setDefaultCACertificates([certificate]);
}

/** A pipe that has a reader, since without one it could not be opened, who never reads. */
function openUnread(file: string): number {
  execFileSync("mkfifo", [file]);
  return openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
}

function environment(transport: Transport, { stopAfter }: NonNullable<Attack["server"]>) {
  return {
    ...(transport === "tls" && {
      [variables.tlsCertificateFile]: path.join(fixtures, "first.crt"),
      [variables.tlsKeyFile]: path.join(fixtures, "first.key"),
    }),
    ...(stopAfter !== undefined && {
      [variables.shutdownGraceMs]: String(stopGraceSeconds * 1000),
    }),
  };
}
