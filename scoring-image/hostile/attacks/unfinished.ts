import type { Attack } from "../attack";
import { call, framed, methods, openSession, type GrpcCall } from "../grpcCall";
import { compressed, post, predictPath } from "../httpPost";
import { field } from "../protobuf";
import type { Wire } from "../wire";

/** Just below the largest body and message that are taken. */
const nearlyTooMuch = 15_900_000;

/** Longer than the time-out for bodies and its backstop. */
const seconds = 17;

/** As many connections, each with one such call. */
const calls = (count: number, one: () => GrpcCall) => async (wire: Wire) => {
  const what = one();
  await wire.each(count, async () => call(wire, await openSession(wire), what));
};

const cutOff = (): GrpcCall => ({
  method: methods.predict,
  parts: [framed(Buffer.alloc(nearlyTooMuch)).subarray(0, -1)],
  ends: false,
});

const http = ["408", "413", "503", "closed"];
const grpc = ["gRPC 4", "gRPC 8", "gRPC 14", "closed", "reset"];

const unfinishedHttp: readonly Attack[] = [
  {
    name: "unfinished bodies",
    what: "100 bodies of 16 MB of which the second half never comes",
    ...{ over: "HTTP", hasKey: true, transports: ["clear", "tls"], seconds },
    ...{ outcomes: http, refusals: http },
    run: (wire) => {
      const parts = [Buffer.alloc(nearlyTooMuch / 2)];
      return wire.each(100, () => post(wire, { parts, length: nearlyTooMuch }));
    },
  },
  {
    name: "unfinished gzip",
    what: "100 gzip bodies of 15 KB that inflate to 15.9 MB and do not end",
    ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds },
    ...{ outcomes: http, refusals: http },
    run: (wire) => {
      const body = compressed(Buffer.alloc(nearlyTooMuch, " "));
      const parts = [body.subarray(0, -8)];
      const one = { path: predictPath, parts, length: body.length, isCompressed: true };
      return wire.each(100, () => post(wire, one));
    },
  },
  {
    name: "unfinished headers",
    what: "1,000 connections with 8 KB of a header that does not end",
    ...{ over: "HTTP", hasKey: false, transports: ["clear"], seconds },
    ...{ outcomes: ["408", "431", "503", "closed"], refusals: ["408", "431", "503", "closed"] },
    run: (wire) =>
      wire.each(1000, async () => {
        const socket = await wire.connect();
        const outcome = wire.outcome(socket);
        await wire.write(socket, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(8000)}`);
        return outcome;
      }),
  },
];

const unfinishedGrpc: readonly Attack[] = [
  {
    name: "unfinished messages",
    what: "60 messages of 15.9 MB less a byte, without a key",
    ...{ over: "gRPC", hasKey: false, transports: ["clear", "tls"], seconds },
    ...{ outcomes: ["gRPC 16", ...grpc], refusals: ["gRPC 16", ...grpc] },
    run: calls(60, cutOff),
  },
  {
    name: "unfinished messages with a key",
    what: "60 messages of 15.9 MB less a byte",
    ...{ over: "gRPC", hasKey: true, transports: ["clear"], seconds },
    ...{ outcomes: grpc, refusals: grpc },
    run: calls(60, cutOff),
  },
  {
    name: "open watches",
    what: "60 Health.Watch for a service with a name of 15.9 MB, 15 KB in gzip, kept open",
    ...{ over: "gRPC", hasKey: false, transports: ["clear"], seconds },
    ...{ outcomes: ["gRPC 3", ...grpc], refusals: ["gRPC 3", ...grpc] },
    run: calls(60, () => ({
      method: methods.watch,
      parts: [framed(field(1, Buffer.alloc(nearlyTooMuch, "a")), true)],
      ...{ isCompressed: true, ends: true },
    })),
  },
  {
    name: "many watches",
    what: "20,000 Health.Watch over 100 connections, kept open",
    ...{ over: "gRPC", hasKey: false, transports: ["clear"], seconds: 10 },
    ...{ outcomes: ["open", "gRPC 8", "gRPC 14", "closed", "reset"], refusals: [] },
    run: (wire) =>
      wire.each(100, async () => {
        const session = await openSession(wire);
        const parts = [framed(Buffer.alloc(0))];
        const one = () => call(wire, session, { method: methods.watch, parts, ends: true });
        const [first, ...rest] = await Promise.all(Array.from({ length: 200 }, one));
        for (const outcome of rest) wire.note(outcome);
        return first as string;
      }),
  },
];

export const unfinished = [...unfinishedHttp, ...unfinishedGrpc];
