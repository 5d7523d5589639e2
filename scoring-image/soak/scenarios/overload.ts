import { probeDuring } from "../health";
import type { LoadResult } from "../load";
import { answeredOnce, figure, healthAnswers, ms, type Check, type Scenario } from "../scenario";

/** Clients of the closed loop that measures capacity: enough to keep every worker busy, too few to be refused. */
const clients = 4;

/** What the server can score: measured before everything else, under the same pinning. */
export const capacity: Scenario = {
  name: "capacity",
  share: 0.05,
  run: async (soak, seconds) => {
    const { client, server } = soak;
    await client.closedLoop(server, clients, Math.min(3, seconds / 2));
    const load = await client.closedLoop(server, clients, seconds);
    soak.capacity = load.goodput;
    return {
      figures: {
        "scored a second": load.goodput.toFixed(1),
        p50: ms(load.scoredP50Ms),
        p99: ms(load.scoredP99Ms),
      },
      checks: answeredOnce(load),
    };
  },
};

/** Open-loop load below and above what the server can do. At twice its capacity it must go on scoring and refuse the rest quickly. */
export const overload: Scenario = {
  name: "load at 50, 80, 120 and 200 % of capacity",
  share: 0.25,
  run: async (soak, seconds) => {
    const { client, server } = soak;
    const figures: Record<string, string> = {};
    const checks: Check[] = [];
    for (const percent of [50, 80, 120, 200]) {
      const before = await server.handled();
      const run = client.openLoop(server, (soak.capacity * percent) / 100, seconds / 5);
      const health = await probeDuring(server.url, run);
      const load = await run;
      const handled = (await server.handled()) - before;
      figures[`${percent} %`] = describe(load);
      checks.push(
        ...answeredOnce(load, handled).map((c) => ({ ...c, claim: `${percent} %: ${c.claim}` })),
      );
      checks.push({ ...healthAnswers(health), claim: `${percent} %: health answers` });
      if (percent === 200) checks.push(...(await overloaded(soak, load, seconds / 5)));
    }
    return { figures, checks };
  },
};

/** Capacity is measured again, since a shared machine drifts: the mean of before and after counts. */
async function overloaded(
  { client, server, capacity: before }: Parameters<Scenario["run"]>[0],
  load: LoadResult,
  seconds: number,
): Promise<Check[]> {
  const after = (await client.closedLoop(server, clients, seconds)).goodput;
  const share = load.goodput / ((before + after) / 2);
  return [
    figure(
      "200 %: goodput is at least 90 % of capacity",
      share >= 0.9,
      `${(100 * share).toFixed(1)} % of ${((before + after) / 2).toFixed(1)} a second`,
    ),
    figure(
      "200 %: rejections come within 50 ms (p99)",
      load.rejectedP99Ms <= 50,
      ms(load.rejectedP99Ms),
    ),
  ];
}

const describe = (load: LoadResult): string =>
  `${load.goodput.toFixed(1)} scored a second, p50 ${ms(load.scoredP50Ms)}, p99 ${ms(load.scoredP99Ms)}; ` +
  `${load.rejected} of ${load.sent} rejected, p99 ${ms(load.rejectedP99Ms)}`;
