import { paths } from "../../src/contract";
import type { Attack } from "../attack";
import { call, framed, methods, openSession } from "../grpcCall";
import type { Wire } from "../wire";

/** Many requests at once over each of many connections, of which no answer is read. */
export async function pipeline(wire: Wire, connections: number, requests: number): Promise<void> {
  const one = `GET ${paths.swagger} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const all = Buffer.from(one.repeat(requests));
  await wire.each(connections, async () => {
    const socket = await wire.connect();
    socket.pause();
    await wire.write(socket, all);
    await wire.timeUp;
    return wire.afterSilence(socket);
  });
}

/** Calls whose answers find no window to be sent into. */
async function closedWindow(wire: Wire, connections: number, calls: number): Promise<void> {
  const message = framed(Buffer.alloc(0));
  await wire.each(connections, async () => {
    const session = await openSession(wire, 0);
    const one = () => call(wire, session, { method: methods.check, parts: [message], ends: true });
    const outcomes = await Promise.all(Array.from({ length: calls }, one));
    for (const outcome of outcomes.slice(1)) wire.note(outcome);
    return outcomes[0] as string;
  });
}

export const unread: readonly Attack[] = [
  {
    name: "unread pipelines",
    what: "100 connections, 1,600 GET /swagger.json in one go on each, no answer read",
    over: "HTTP",
    hasKey: false,
    transports: ["clear", "tls"],
    seconds: 20,
    outcomes: ["closed"],
    refusals: ["closed"],
    run: (wire) => pipeline(wire, 100, 1600),
  },
  {
    name: "closed windows",
    what: "50 connections with 1,000 Health.Check each and a window of 0 bytes for the answers",
    over: "gRPC",
    hasKey: false,
    transports: ["clear"],
    seconds: 20,
    outcomes: ["closed", "reset", "gRPC 8", "gRPC 14"],
    refusals: ["closed", "reset", "gRPC 8", "gRPC 14"],
    run: (wire) => closedWindow(wire, 50, 1000),
  },
];
