import net, { type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { paths } from "../src/contract";
import type { CallError } from "./httpClient";
import { send } from "./httpClient";
import type { Random } from "./random";
import { keys, type Server } from "./server";

type Address = Pick<Server, "port" | "url">;

/** Opens a connection; what becomes of it later is nobody's error. */
async function connect(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
}

/**
 * Opens so many connections at once and keeps them idle: silent from the beginning, or kept alive after one request each.
 * @returns how many are still open, and how to let go of them
 */
export async function idleConnections({ port }: Address, wanted: number, hasSpoken: boolean) {
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = await connect(port);
    if (!hasSpoken) socket.resume();
    else {
      socket.write(`GET ${paths.live} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await once(socket, "data");
    }
    sockets.push(socket);
  };
  for (let i = 0; i < wanted; i += 250) {
    await Promise.allSettled(Array.from({ length: Math.min(250, wanted - i) }, open));
  }
  return {
    open: () => sockets.filter(({ readyState }) => readyState === "open").length,
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

const head = (length: number) =>
  `POST ${paths.score} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.primary}\r\nContent-Length: ${length}\r\n\r\n`;

/** Sends its header, then a body of so many bytes one at a time. @returns the first line of what the server says about it */
export async function slowBody({ port }: Address, timeoutMs: number): Promise<string> {
  const socket = await connect(port);
  socket.write(head(100_000));
  const dribble = setInterval(() => socket.write("x"), 200);
  const line = await firstLine(socket, timeoutMs);
  clearInterval(dribble);
  socket.destroy();
  return line;
}

/** Sends a header one byte at a time and never ends it; gives up after `seconds`. */
export async function slowHeader({ port }: Address, seconds: number): Promise<void> {
  const socket = await connect(port);
  const text = `POST ${paths.score} HTTP/1.1\r\nX: ${"y".repeat(1000)}`;
  for (let i = 0; i < seconds * 5 && socket.readyState === "open"; i++) {
    socket.write(text[i] ?? "y");
    await delay(200);
  }
  socket.destroy();
}

/** One client vanishes in the middle of its body; another falls silent there. @returns what the server tells the silent one */
export async function halfOpen({ port }: Address, photograph: Buffer, timeoutMs: number) {
  const half = photograph.subarray(0, photograph.length / 2);
  const vanished = await connect(port);
  vanished.write(head(photograph.length));
  vanished.write(half, () => vanished.resetAndDestroy());
  const silent = await connect(port);
  silent.write(head(photograph.length));
  silent.write(half);
  const line = await firstLine(silent, timeoutMs);
  silent.destroy();
  return line;
}

async function firstLine(socket: Socket, timeoutMs: number): Promise<string> {
  const none = delay(timeoutMs, "nothing");
  const data = once(socket, "data").then(([chunk]) => String(chunk).split("\r\n")[0] as string);
  return Promise.race([data, once(socket, "close").then(() => "closed"), none]);
}

/** A whole PNG header of a picture of 40,000 x 40,000 pixels, and nothing behind it. */
const hugePng = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
  Buffer.from("00009c4000009c400802000000", "hex"),
  Buffer.from("00000000", "hex"),
]);

interface Mistake {
  readonly what: string;
  readonly status: number;
  readonly send: (address: Address, photograph: Buffer, random: Random) => Promise<string | number>;
}

const post =
  (
    bodyOf: (photograph: Buffer, random: Random) => Buffer,
    headers: Record<string, string> = {},
  ): Mistake["send"] =>
  ({ url }, photograph, random) =>
    send({
      url: `${url}${paths.score}`,
      method: "POST",
      headers: { authorization: `Bearer ${keys.primary}`, ...headers },
      body: bodyOf(photograph, random),
    }).then(
      ({ status }) => status,
      (error: CallError) => error.code,
    );

const raw =
  (textOf: (random: Random) => string | Buffer): Mistake["send"] =>
  async ({ port }, _photograph, random) => {
    const socket = await connect(port);
    socket.write(textOf(random));
    const line = await firstLine(socket, 5000);
    socket.destroy();
    return /^HTTP\/1\.1 (\d+)/.exec(line)?.[1] ?? line;
  };

/** Input that must be refused, and how. */
export const mistakes: readonly Mistake[] = [
  { what: "no body", status: 400, send: post(() => Buffer.alloc(0)) },
  {
    what: "random bytes as a picture",
    status: 400,
    send: post((_photograph, random) => random.bytes(20_000)),
  },
  {
    what: "a photograph cut off",
    status: 400,
    send: post((photograph, random) =>
      photograph.subarray(0, 1000 + random.below(photograph.length - 2000)),
    ),
  },
  { what: "a picture of 1.6 gigapixels", status: 400, send: post(() => hugePng) },
  {
    what: "a wrong key",
    status: 401,
    send: post((photograph) => photograph, { authorization: "Bearer wrong-key-of-the-soak" }),
  },
  {
    what: "a body of 17 MiB",
    status: 413,
    send: raw(() => head(17 * 1024 * 1024)),
  },
  {
    what: "100 kB of headers",
    status: 431,
    send: raw(() => `GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}`),
  },
  { what: "random bytes instead of HTTP", status: 400, send: raw((random) => random.bytes(2000)) },
  {
    what: "two lengths for one body",
    status: 400,
    send: raw(
      () =>
        `POST ${paths.score} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ),
  },
];
