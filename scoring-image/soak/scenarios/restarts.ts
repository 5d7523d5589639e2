import { setTimeout as delay } from "node:timers/promises";
import { variables } from "../../src/contract";
import { Balancer } from "../balancer";
import { answeredOnce, check, ms, type Scenario, type Soak } from "../scenario";
import type { Server } from "../server";

/** A balancer needs this long to notice that a server is about to stop; in Kubernetes the Deployment's preStop hook waits instead. */
const rollingEnv = { [variables.preStopDelayMs]: "1000", [variables.maxQueueWaitMs]: "5000" };

/** Two servers behind a TCP balancer are replaced one after the other under load, new first, as a Deployment's rolling update does. */
export const rollingUpdate: Scenario = {
  name: "rolling update behind a TCP balancer, SIGTERM under load",
  share: 0.08,
  run: async (soak, seconds) => {
    const balancer = await Balancer.open();
    const old = [await start(soak), await start(soak)];
    for (const { port } of old) balancer.add(port);
    const load = soak.client.openLoop(balancer, 0.4 * soak.capacity, Math.max(8, seconds));
    const replacing = replace(soak, balancer, old);
    const result = await load;
    const { codes, servers } = await replacing;
    balancer.close();
    await Promise.all(servers.map((server) => server.stop()));
    return {
      figures: { scored: result.scored, rejected: result.rejected, resent: result.resent },
      checks: [
        check("both old servers exit with 0", codes.join() === "0,0", codes.join()),
        ...answeredOnce(result),
        check("no connection is refused", result.refused === 0, result.refused),
      ],
    };
  },
};

const start = (soak: Soak) => soak.startServer({ env: rollingEnv });

async function replace(soak: Soak, balancer: Balancer, old: readonly Server[]) {
  const codes: (number | null)[] = [];
  const servers: Server[] = [];
  for (const server of old) {
    const successor = await start(soak);
    servers.push(successor);
    balancer.add(successor.port);
    codes.push(await server.stop());
  }
  return { codes, servers };
}

/** The kernel kills the process (out of memory, say): what was in flight is lost, and the next process serves at once. */
export const killed: Scenario = {
  name: "SIGKILL and restart",
  share: 0.04,
  run: async (soak, seconds) => {
    const first = await soak.startServer();
    const load = soak.client.openLoop(first, 0.5 * soak.capacity, Math.max(6, seconds));
    await delay(2000);
    first.child.kill("SIGKILL");
    const [, signal] = await first.ended;
    const second = await soak.startServer({ port: first.port });
    const during = await load;
    const after = await soak.client.openLoop(second, 0.5 * soak.capacity, 2);
    const code = await second.stop();
    return {
      figures: {
        "in flight and lost": during.lost,
        "refused while no server listened": during.refused,
        "restart to ready": ms(second.startMs),
      },
      checks: [
        check("the process died of SIGKILL", signal === "SIGKILL", String(signal)),
        check(
          "no answer is wrong and no request hangs",
          during.wrong + during.unanswered === 0,
          JSON.stringify(during.faults),
        ),
        ...answeredOnce(after),
        check("the second server exits with 0", code === 0, String(code)),
      ],
    };
  },
};
