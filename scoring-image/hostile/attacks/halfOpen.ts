import { opening } from "../http2Bytes";
import type { Attack } from "../attack";

export const halfOpen: readonly Attack[] = [
  {
    name: "half-open",
    what: "8,000 HTTP/2 connections that close their side at once",
    over: "gRPC",
    hasKey: false,
    transports: ["clear", "tls"],
    seconds: 15,
    outcomes: ["closed"],
    refusals: [],
    run: (wire) =>
      wire.repeat(
        50,
        async () => {
          const socket = await wire.connect("h2");
          await wire.write(socket, opening);
          socket.destroy();
          return "closed";
        },
        8000,
      ),
  },
];
