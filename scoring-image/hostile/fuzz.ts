import { Random } from "../soak/random";
import { keys } from "../soak/server";
import { paths } from "../src/contract";
import { callFrames, frame, frameTypes, headerBlock, opening, preface } from "./http2Bytes";

/** What one connection does, from its beginning to its end. */
export interface Sequence {
  /** The protocol that TLS agrees on, whatever follows; undefined for bytes in clear text. */
  readonly tls: "h1" | "h2" | undefined;
  /** Bytes to send, one after the other; a number is a pause in milliseconds. */
  readonly steps: readonly (Buffer | number)[];
  /** FIN and then whatever the server does, RST, or both sides at once. */
  readonly end: "fin" | "rst" | "both";
}

const request = (random: Random): Buffer => {
  const authorization = random.below(2) === 0 ? keys.primary : "a-key-that-is-wrong";
  const lines = random.pick([
    [`GET ${paths.live} HTTP/1.1`, "Host: localhost"],
    [`GET ${paths.swagger} HTTP/1.1`, "Host: localhost"],
    [`POST ${paths.score} HTTP/1.1`, "Host: localhost", "Content-Length: 4"],
    [`POST ${paths.score} HTTP/1.1`, "Host: localhost", "Transfer-Encoding: chunked"],
    [`GET / HTTP/1.1`, "Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"],
  ]);
  const head = [...lines, `Authorization: Bearer ${authorization}`].join("\r\n");
  return Buffer.from(`${head}\r\n\r\n${random.pick(["", "abcd", "4\r\nabcd\r\n0\r\n\r\n"])}`);
};

const methodsToCall = [
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
  "/tensorflow.serving.PredictionService/Predict",
  "/none/None",
];

const streamId = (random: Random) => random.pick([0, 1, 2, 3, 5, 2 ** 31 - 1]);

/** A frame of any type, whole or not, whose length may lie. */
const anyFrame = (random: Random): Buffer => {
  const payload = random.bytes(random.below(40));
  const length = random.pick([payload.length, payload.length, random.below(2 ** 24)]);
  const flags = random.below(256);
  return frame(random.below(12), { flags, stream: streamId(random), payload, length });
};

const pieces: readonly ((random: Random) => Buffer)[] = [
  request,
  () => opening,
  () => preface,
  (random) => callFrames(2 * random.below(4) + 1, random.pick(methodsToCall), Buffer.alloc(5)),
  (random) =>
    frame(frameTypes.headers, {
      flags: random.pick([0, 1, 4, 5]),
      stream: streamId(random),
      payload: headerBlock({ ":method": "POST", ":path": random.pick(methodsToCall) }),
    }),
  (random) => frame(frameTypes.rstStream, { stream: streamId(random), payload: random.bytes(4) }),
  (random) => frame(frameTypes.windowUpdate, { payload: random.bytes(4) }),
  (random) => frame(frameTypes.ping, { payload: random.bytes(random.pick([8, 7])) }),
  anyFrame,
  (random) => random.bytes(1 + random.below(60)),
];

/** Beginning of a TLS handshake that goes no further. */
const clientHello = Buffer.from("16030100c8010000c40303", "hex");

function cut(random: Random, bytes: Buffer): Buffer {
  return random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

/**
 * The sequence of an index, the same for the same seed however many run at once.
 * @param speaksTls whether the server does: most connections then do too, else few
 */
export function sequenceOf(seed: number, index: number, speaksTls: boolean): Sequence {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ index);
  const steps: (Buffer | number)[] = [];
  const tls = speaksTls && random.below(4) !== 0 ? random.pick(["h1", "h2"] as const) : undefined;
  if (!tls && random.below(10) === 0) steps.push(cut(random, clientHello));
  // Most begin as HTTP does; what follows is what fits, or what does not.
  if (random.below(3) !== 0) steps.push(cut(random, random.pick([opening, request(random)])));
  for (let left = random.below(5); left > 0; left--) {
    steps.push(cut(random, random.pick(pieces)(random)));
    if (random.below(8) === 0) steps.push(random.below(20));
  }
  return { tls, steps, end: random.pick(["fin", "rst", "both"]) };
}
