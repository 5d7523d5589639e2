import { setTimeout as delay } from "node:timers/promises";
import { probeDuring } from "../health";
import { answeredOnce, check, healthAnswers, type Scenario } from "../scenario";

/** Lanes die under load: their requests are answered with 503, the lanes replaced, nobody else notices. */
export const laneLoss: Scenario = {
  name: "lanes die",
  share: 0.06,
  run: async (soak, share) => {
    const seconds = Math.max(8, share);
    const { client, server, capacity, random } = soak;
    const [restartsBefore, handledBefore] = [await server.threadRestarts(), await server.handled()];
    const load = client.openLoop(server, 0.8 * capacity, seconds);
    const health = probeDuring(server.url, load);
    const deaths = Math.max(1, Math.floor(seconds / 4));
    for (let i = 0; i < deaths; i++) {
      await delay(1000 + 2000 * random.next());
      soak.endLanes(server);
    }
    const result = await load;
    const restarts = (await server.threadRestarts()) - restartsBefore;
    return {
      figures: {
        "lanes ended": deaths,
        scored: result.scored,
        "answered with 503 and Retry-After": result.rejected,
      },
      checks: [
        check("every lane that died was replaced", restarts === deaths, restarts),
        ...answeredOnce(result, (await server.handled()) - handledBefore),
        healthAnswers(await health),
      ],
    };
  },
};
