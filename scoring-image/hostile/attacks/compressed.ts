import type { Attack } from "../attack";
import { call, framed, methods, openSession } from "../grpcCall";
import { callFrames, opening } from "../http2Bytes";
import { compressed as inGzip, post, predictPath } from "../httpPost";
import { field } from "../protobuf";
import type { Wire } from "../wire";

const seconds = 8;
const inflated = 15_000_000;

/** Calls with one and the same message, 15 KB in gzip. */
const inflating = (method: string, number: number, count: number) => async (wire: Wire) => {
  const parts = [framed(field(number, Buffer.alloc(inflated, "a")), true)];
  const one = { method, parts, isCompressed: true, ends: true };
  await wire.repeat(20, async () => call(wire, await openSession(wire), one), count);
};

/** The same call again and again over a few connections, none of whose answers is read. */
async function unreadChecks(wire: Wire): Promise<void> {
  const message = framed(field(1, Buffer.alloc(inflated, "a")), true);
  await wire.each(20, async () => {
    const socket = await wire.connect("h2");
    socket.pause();
    await wire.write(socket, opening);
    for (const stream of [1, 3])
      await wire.write(
        socket,
        callFrames(stream, methods.check, message, { "grpc-encoding": "gzip" }),
      );
    await wire.timeUp;
    return (await wire.afterSilence(socket)) === "closed" ? "closed" : "open";
  });
}

const tooMuch = ["gRPC 3", "gRPC 8", "gRPC 14", "closed"];
const noKey = ["gRPC 16", ...tooMuch];

const grpc = (name: string, what: string, run: Attack["run"]): Attack => ({
  ...{ name, what, over: "gRPC", hasKey: false, transports: ["clear"], seconds, run },
  ...{ outcomes: noKey, refusals: noKey },
});

export const compressed: readonly Attack[] = [
  {
    ...grpc(
      "compressed checks",
      "100 Health.Check for a service with a name of 15 MB, 15 KB in gzip",
      inflating(methods.check, 1, 100),
    ),
    transports: ["clear", "tls"],
  },
  {
    ...grpc(
      "unread compressed checks",
      "40 of them of whose answers nothing is read",
      unreadChecks,
    ),
    ...{ outcomes: ["open", "closed"], refusals: [] },
  },
  grpc(
    "compressed names",
    "100 ModelReady for a model with a name of 15 MB, 15 KB in gzip, without a key",
    inflating(methods.modelReady, 1, 100),
  ),
  grpc(
    "compressed calls",
    "100 Predict that inflate to 15 MB, without a key",
    inflating(methods.predict, 3, 100),
  ),
  {
    ...grpc(
      "compressed calls with a key",
      "100 Predict that inflate to 15 MB",
      inflating(methods.predict, 3, 100),
    ),
    ...{ hasKey: true, outcomes: ["gRPC 5", ...tooMuch], refusals: ["gRPC 5", ...tooMuch] },
  },
  {
    name: "compressed bodies",
    what: "100 gzip bodies of 15 KB that inflate to 15 MB of blanks",
    ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds },
    ...{ outcomes: ["400", "413", "503", "closed"], refusals: ["400", "413", "503", "closed"] },
    run: (wire) => {
      const parts = [inGzip(Buffer.alloc(inflated, " "))];
      const one = { path: predictPath, parts, isCompressed: true };
      return wire.repeat(20, () => post(wire, one), 100);
    },
  },
];
