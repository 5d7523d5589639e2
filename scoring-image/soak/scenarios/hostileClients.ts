import { setTimeout as delay } from "node:timers/promises";
import { probeDuring } from "../health";
import { halfOpen, idleConnections, mistakes, slowBody, slowHeader } from "../hostile";
import {
  answeredOnce,
  check,
  healthAnswers,
  type Check,
  type Scenario,
  type Soak,
} from "../scenario";

const idle = 10_000;
const silent = 500;
const slow = 20;

/** Half the time after which a server closes kept-alive connections that bring nothing, in seconds. */
const longestIdle = 30;

/** Silent connections must be gone after this, in seconds: HANDSHAKE_TIMEOUT_MS and a bit. */
const longestSilence = 12;

/** Slow, silent and wrong clients beside good ones, who must not notice. */
export const hostileClients: Scenario = {
  name: "slow clients, half-open and 10,000 idle connections, wrong input",
  share: 0.12,
  run: async (soak, seconds) => {
    const { client, server, capacity } = soak;
    const rssBefore = server.rssMb();
    const opened = performance.now();
    const connections = await idleConnections(server, idle, true);
    const openMs = performance.now() - opened;
    const rssIdle = server.rssMb();
    const load = client.openLoop(server, 0.5 * capacity, Math.max(10, seconds));
    const health = probeDuring(server.url, load);
    const nuisances = annoy(soak, Math.max(8, seconds - 2));
    const silence = outlive(await idleConnections(server, silent, false), longestSilence);
    await delay(1000 * Math.min(longestIdle, Math.max(longestSilence, seconds)));
    const stillOpen = connections.open();
    connections.close();
    const result = await load;
    const checks = await nuisances;
    return {
      figures: {
        "idle connections opened in": `${(openMs / 1000).toFixed(1)} s`,
        "RSS before, with them, after": [rssBefore, rssIdle, server.rssMb()]
          .map((mb) => `${mb.toFixed(0)} MB`)
          .join(", "),
        "scored meanwhile": result.scored,
      },
      checks: [
        check("10,000 kept-alive connections are held idle", stillOpen === idle, stillOpen),
        check(
          `${silent} connections that never say a word are closed within ${longestSilence} s`,
          (await silence) === 0,
          `${await silence} open`,
        ),
        ...checks,
        ...answeredOnce(result),
        healthAnswers(await health),
      ],
    };
  },
};

/** How many of these are open when the time is up. */
async function outlive(connections: Awaited<ReturnType<typeof idleConnections>>, seconds: number) {
  await delay(1000 * seconds);
  const left = connections.open();
  connections.close();
  return left;
}

async function annoy(soak: Soak, seconds: number): Promise<Check[]> {
  const { server, random, photograph } = soak;
  const headers = Array.from({ length: slow }, () => slowHeader(server, seconds));
  const bodies = Array.from({ length: slow }, () => slowBody(server, 15_000));
  const halfOpened = halfOpen(server, photograph, 15_000);
  const checks = await sendMistakes(soak, seconds, random.below(mistakes.length));
  const lines = new Set([await halfOpened, ...(await Promise.all(bodies))]);
  await Promise.all(headers);
  return [
    ...checks,
    check(
      `a body that stops half-way and ${slow} that come a byte at a time end with 408`,
      [...lines].join() === "HTTP/1.1 408 Request Timeout",
      [...lines].join(", "),
    ),
  ];
}

/** One after the other, each about as often, until the time is up. */
async function sendMistakes(
  { server, random, photograph }: Soak,
  seconds: number,
  first: number,
): Promise<Check[]> {
  const seen = mistakes.map(() => new Map<string, number>());
  const end = performance.now() + seconds * 1000;
  for (let i = first; performance.now() < end || i < first + mistakes.length; i++) {
    const { send } = mistakes[i % mistakes.length] as (typeof mistakes)[number];
    const counts = seen[i % mistakes.length] as Map<string, number>;
    const found = String(await send(server, photograph, random));
    counts.set(found, (counts.get(found) ?? 0) + 1);
    await delay(20);
  }
  return mistakes.map(({ what, status }, i) => {
    const counts = [...(seen[i] as Map<string, number>)];
    // What has to be decoded first must queue, and may find the queue too long.
    const isRight = counts.every(([found]) => found === String(status) || found === "503");
    return check(
      `${what}: ${status}, or 503 for want of a worker`,
      isRight,
      counts.map(([found, count]) => `${found} x ${count}`).join(", "),
    );
  });
}
