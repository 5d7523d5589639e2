import { globSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { probeDuring } from "../health";
import { send } from "../httpClient";
import { answeredOnce, check, healthAnswers, type Scenario } from "../scenario";

/** Where Debian's package `libfaketime` puts its library. */
const library = () => globSync("/usr/lib/*/faketime/libfaketime.so.1")[0];

/** The wall clock jumps an hour ahead and two back under load. The monotonic clock, as on every Linux, does not jump. */
export const clockJump: Scenario = {
  name: "clock jump",
  share: 0.04,
  run: async (soak, seconds) => {
    const preload = library();
    if (preload === undefined) {
      const missing = "libfaketime is not installed (apt-get install libfaketime)";
      return { figures: { skipped: missing }, checks: [] };
    }
    const clock = path.join(soak.folder, "clock");
    writeFileSync(clock, "+0");
    const server = await soak.startServer({
      env: {
        LD_PRELOAD: preload,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_CACHE_DURATION: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    });
    const offset = async () => {
      const { headers } = await send({ url: server.url });
      return Math.round((Date.parse(headers.date as string) - Date.now()) / 60_000);
    };
    const before = await server.handled();
    const load = soak.client.openLoop(server, 0.5 * soak.capacity, Math.max(9, seconds));
    const health = probeDuring(server.url, load);
    const offsets: number[] = [];
    for (const jump of ["+1h", "-1h"]) {
      await delay(1500);
      writeFileSync(clock, jump);
      await delay(2500);
      offsets.push(await offset());
    }
    const result = await load;
    const handled = (await server.handled()) - before;
    const code = await server.stop();
    return {
      figures: {
        "minutes off, by its Date header": offsets.join(", then "),
        scored: result.scored,
      },
      checks: [
        check("the server's clock jumped", offsets.join() === "60,-60", offsets.join()),
        ...answeredOnce(result, handled),
        healthAnswers(await health),
        check("it exits with 0", code === 0, String(code)),
      ],
    };
  },
};
