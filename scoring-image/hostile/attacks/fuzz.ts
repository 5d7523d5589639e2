import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { sequenceOf, type Sequence } from "../fuzz";
import type { Attack } from "../attack";
import type { Wire } from "../wire";

/** With those over TLS as many again. */
const sequences = 10_000;

/** How long to wait for the server's side of a connection to close, in milliseconds. */
const longestWaitMs = 100;

async function play(wire: Wire, { tls, steps, end }: Sequence): Promise<string> {
  const socket = tls ? await wire.connect(tls) : await wire.connectPlain();
  socket.resume();
  for (const step of steps) {
    if (socket.destroyed) break;
    await (typeof step === "number" ? delay(step) : wire.write(socket, step));
  }
  if (end === "rst") socket.resetAndDestroy();
  if (end === "fin" && !socket.destroyed) {
    socket.end();
    await Promise.race([once(socket, "close"), delay(longestWaitMs)]);
  }
  socket.destroy();
  return "played";
}

export const fuzz: readonly Attack[] = [
  {
    name: "fuzz",
    what: "10,000 connections of seeded sequences: HTTP/1.1, HTTP/2, TLS, whole and cut off, mixed, and ended in every way",
    ...{ over: "TCP", hasKey: true, transports: ["clear", "tls"], seconds: 100 },
    ...{ outcomes: ["played"], refusals: [] },
    run: async (wire) => {
      let played = 0;
      const one = async (index: number) => {
        played++;
        const sequence = sequenceOf(wire.seed, index, wire.ca !== undefined);
        return play(wire, sequence).catch(() => "played");
      };
      await wire.repeat(8, one, sequences);
      for (; played < sequences; played++) wire.note("not played");
    },
  },
];
