import type { Attack } from "../attack";
import { frame, frameTypes, headerBlock, opening } from "../http2Bytes";
import type { Wire } from "../wire";

const endHeaders = 0x4;
const cancel = Buffer.from([0, 0, 0, 8]);

/** What follows the headers in the same packet: the stream's end, or an error that ends the whole connection. */
const ends = [
  frame(frameTypes.rstStream, { stream: 1, payload: cancel }),
  frame(frameTypes.windowUpdate, { payload: Buffer.alloc(4) }),
  frame(frameTypes.ping, { payload: Buffer.alloc(7) }),
];

/** Paths and media types, known and unknown. */
const requests = ["/grpc.health.v1.Health/Check", "/none/None"].flatMap((path) =>
  ["application/grpc", "text/plain"].map((type) =>
    headerBlock({
      ...{ ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost" },
      "content-type": type,
    }),
  ),
);

const packets = requests.flatMap((payload) =>
  ends.map((end) =>
    Buffer.concat([
      opening,
      frame(frameTypes.headers, { flags: endHeaders, stream: 1, payload }),
      end,
    ]),
  ),
);

async function endAtOnce(wire: Wire): Promise<void> {
  const one = async (index: number) => {
    const socket = await wire.connect("h2");
    const outcome = wire.outcome(socket);
    await wire.write(socket, packets[index % packets.length] as Buffer);
    const found = await outcome;
    socket.destroy();
    return found;
  };
  await wire.repeat(20, one, 2000);
}

export const gone: readonly Attack[] = [
  {
    name: "gone at once",
    what: "2,000 calls over HTTP/2 that end in the packet in which they begin",
    ...{ over: "gRPC", hasKey: false, transports: ["clear", "tls"], seconds: 10 },
    ...{ outcomes: ["answered", "closed"], refusals: [], run: endAtOnce },
  },
];
