import { once } from "node:events";
import net, { type Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import type { AttackOrder, AttackReport, AttackTerms } from "./attackOrder";

/** Bytes are counted in pieces of this length, so that of a body that is not taken whole the part that is. */
const pieceBytes = 65_536;

/** How long an outcome may still take to come after the time is up, in milliseconds. */
const lingerMs = 2000;

/** An attacker's connections to the server, and the record of what came of them. */
export class Wire {
  /** Of the random choices. */
  readonly seed: number;
  readonly port: number;
  readonly metricsPort: number;
  /** Resolves when the attack's time is up. */
  readonly timeUp: Promise<void>;
  /** `performance.now()` at which the time is up. */
  readonly endsAt: number;
  /** A header line of HTTP/1.1 with the key, or with one that is wrong. */
  readonly authorization: string;
  readonly ca: string | undefined;
  readonly #outcomes: Record<string, number> = {};
  #bytesSent = 0;

  constructor({ port, metricsPort, key, ca, seed, seconds, hasKey }: AttackOrder & AttackTerms) {
    this.port = port;
    this.metricsPort = metricsPort;
    this.ca = ca;
    this.seed = seed;
    this.authorization = `Bearer ${hasKey ? key : "a-key-that-is-wrong"}`;
    this.endsAt = performance.now() + seconds * 1000;
    this.timeUp = delay(seconds * 1000);
  }

  get report(): AttackReport {
    return { bytesSent: this.#bytesSent, outcomes: this.#outcomes };
  }

  get isTimeUp(): boolean {
    return performance.now() >= this.endsAt;
  }

  note(outcome: string): void {
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
  }

  /** Counts bytes that were sent past `write`. */
  count(bytes: number): void {
    this.#bytesSent += bytes;
  }

  /** A plain TCP connection that reads nothing until it is told to. @throws the system's error when there is none to be had */
  async connectPlain(port = this.port): Promise<Socket> {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return socket.on("error", () => undefined);
  }

  /** A connection to the scoring port, encrypted where the server speaks TLS. @throws as `connectPlain` */
  async connect(protocol: "h1" | "h2" = "h1"): Promise<Socket> {
    const plain = await this.connectPlain();
    if (this.ca === undefined) return plain;
    const ALPNProtocols = [protocol === "h2" ? "h2" : "http/1.1"];
    const socket = tls.connect({
      ...{ socket: plain, servername: "localhost", ca: this.ca, ALPNProtocols },
    });
    await once(socket, "secureConnect");
    return socket.on("error", () => undefined);
  }

  /** Writes and counts; resolves when the kernel has taken the bytes, or never will. */
  async write(stream: Writable, bytes: Buffer | string): Promise<void> {
    const all = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    for (let at = 0; at < all.length && !stream.destroyed; at += pieceBytes)
      await this.#writePiece(stream, all.subarray(at, at + pieceBytes));
  }

  #writePiece(stream: Writable, piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const over = () => resolve();
      const isBuffered = stream.write(piece, (error) => {
        stream.off("close", over);
        if (!error) this.count(piece.length);
        resolve();
      });
      if (!isBuffered) stream.once("close", over);
    });
  }

  /**
   * What comes of a connection that awaits an answer: the first status, `closed`, or `open` when the time is up. What it is sent is read
   * and thrown away from here on.
   */
  async outcome(socket: Socket): Promise<string> {
    const answered = new Promise<string>((resolve) => {
      socket.once("data", (chunk: Buffer) => {
        resolve(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString("latin1", 0, 20))?.[1] ?? "answered");
        socket.resume();
      });
      socket.once("close", () => resolve("closed"));
      if (socket.destroyed) resolve("closed");
    });
    return Promise.race([answered, this.timeUp.then(() => delay(lingerMs, "open"))]);
  }

  /** Whether the server closed a connection that has read nothing: it is read now, and may have much to bring. */
  async afterSilence(socket: Socket): Promise<string> {
    const closed = new Promise<string>((resolve) => {
      socket.once("close", () => resolve("closed"));
      if (socket.destroyed) resolve("closed");
    });
    socket.on("data", () => undefined);
    return Promise.race([closed, delay(lingerMs, "open")]);
  }

  /** Runs so many at once; each notes its outcome, and a connection that cannot be had counts as closed. */
  async each(count: number, one: (index: number) => Promise<string>): Promise<void> {
    const noted = async (index: number) => this.note(await one(index).catch(() => "closed"));
    await Promise.all(Array.from({ length: count }, (_, index) => noted(index)));
  }

  /** Runs `one` again and again, so many at a time, until the time is up or `most` have been run. */
  async repeat(
    atOnce: number,
    one: (index: number) => Promise<string>,
    most = Infinity,
  ): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (!this.isTimeUp && next < most) this.note(await one(next++).catch(() => "closed"));
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  }
}
