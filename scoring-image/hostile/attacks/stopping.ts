import type { Attack } from "../attack";
import { compressed, post } from "../httpPost";
import type { Wire } from "../wire";
import { slowPicture } from "./pictures";
import { silence } from "./silent";
import { pipeline } from "./unread";

/** Requests without a picture, each of which is a line in the log. */
async function talk(wire: Wire): Promise<void> {
  const parts = [Buffer.from("not a picture")];
  await wire.repeat(8, () => post(wire, { parts }), 4000);
}

/** What the attacker meets is not asked of a server that is being stopped. */
const stopped = (name: string, what: string, run: Attack["run"]): Attack => ({
  name: `SIGTERM amid ${name}`,
  what: `SIGTERM amid ${what}`,
  ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds: 70, run },
  ...{ outcomes: [], refusals: [], server: { stopAfter: 3 } },
});

export const stopping: readonly Attack[] = [
  {
    name: "unread log",
    what: "4,000 requests, each with a line in a log that nobody reads",
    ...{ over: "HTTP", hasKey: true, transports: ["clear"], seconds: 12, run: talk },
    ...{ outcomes: ["400", "503"], refusals: ["400"], server: { isLogUnread: true } },
  },
  {
    ...stopped("unread log", "requests whose log nobody reads", talk),
    server: { isLogUnread: true, stopAfter: 3 },
  },
  stopped("slow picture", "two pictures that take long to decode", (wire) => {
    const parts = [compressed(slowPicture())];
    return wire.each(2, () => post(wire, { parts, isCompressed: true }));
  }),
  stopped("silence", "silent connections to both ports", async (wire) => {
    await Promise.all([silence(wire, wire.port, 100), silence(wire, wire.metricsPort, 100)]);
  }),
  stopped("unread pipelines", "answers that nobody reads", (wire) => pipeline(wire, 20, 1600)),
  stopped("unfinished bodies", "bodies that do not end", (wire) => {
    const parts = [Buffer.alloc(1_000_000)];
    return wire.each(20, () => post(wire, { parts, length: 2_000_000 }));
  }),
];
