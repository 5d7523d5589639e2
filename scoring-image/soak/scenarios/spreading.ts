import { setTimeout as delay } from "node:timers/promises";
import { variables } from "../../src/contract";
import { Balancer } from "../balancer";
import { grpcLoad } from "../grpcLoad";
import { answeredOnce, check, type Check, type Scenario, type Soak } from "../scenario";
import type { Server } from "../server";

/** Short, so that connections end many times within the scenario. */
const maxAgeMs = 1500;

const env = {
  [variables.connectionMaxAgeMs]: String(maxAgeMs),
  [variables.connectionMaxAgeGraceMs]: "5000",
  [variables.preStopDelayMs]: "1000",
  [variables.maxQueueWaitMs]: "5000",
};

const protocols = { gRPC: "tensorflow-grpc", HTTP: "azureml" } as const;

/** A TCP balancer spreads connections, so clients that keep theirs reach a new replica only because connections end at a certain age. */
export const spreading: Scenario = {
  name: "kept connections spread over a new replica and leave an old one",
  share: 0.05,
  run: async (soak, share) => {
    const seconds = Math.max(15, share);
    const balancer = await Balancer.open();
    const old = await soak.startServer({ env });
    balancer.add(old.port);
    const rate = 0.2 * soak.capacity;
    const grpc = grpcLoad({
      address: new URL(balancer.url).host,
      photograph: soak.photograph,
      clients: 8,
      callsPerSecond: rate,
      seconds,
    });
    const http = soak.client.openLoop(balancer, rate, seconds);
    const spread = scale(soak, balancer, old, seconds);
    const [tally, result] = await Promise.all([grpc, http]);
    const { successor, shares, code } = await spread;
    balancer.close();
    await successor.stop();
    const faults = Object.entries(tally.faults).map(([fault, times]) => `${times} x ${fault}`);
    return {
      figures: {
        "share of the new replica": Object.entries(shares)
          .map(([name, part]) => `${name} ${(100 * part).toFixed(0)} %`)
          .join(", "),
        "scored over gRPC, HTTP": `${tally.scored}, ${result.scored}`,
      },
      checks: [
        ...Object.entries(shares).map(([name, part]) => reaches(name, part)),
        check(
          "every gRPC call is answered, with its own scores or a refusal of the service",
          faults.length === 0,
          faults.join("; ") || `${tally.scored} scored, ${tally.rejected} rejected`,
        ),
        ...answeredOnce(result),
        check("no connection is refused", result.refused === 0, result.refused),
        check("the old replica exits with 0", code === 0, String(code)),
      ],
    };
  },
};

const reaches = (name: string, part: number): Check =>
  check(
    `${name}: the new replica of two gets at least a fifth`,
    part >= 0.2,
    `${(100 * part).toFixed(0)} %`,
  );

/** Scales from one replica to two, counts who answers once all connections have been made anew, and takes the first replica away. */
async function scale(soak: Soak, balancer: Balancer, old: Server, seconds: number) {
  await delay(2000);
  const successor = await soak.startServer({ env });
  balancer.add(successor.port);
  await delay(1.1 * maxAgeMs + 500);
  const before = await Promise.all([old, successor].map(handledBy));
  await delay((seconds * 1000) / 2 - 2000);
  const after = await Promise.all([old, successor].map(handledBy));
  const during = (server: number, name: keyof typeof protocols) =>
    (after[server]?.[name] ?? NaN) - (before[server]?.[name] ?? NaN);
  const share = (name: keyof typeof protocols) =>
    during(1, name) / (during(0, name) + during(1, name));
  const code = await old.stop();
  return { successor, code, shares: { gRPC: share("gRPC"), HTTP: share("HTTP") } };
}

const handledBy = async (server: Server) => ({
  gRPC: await server.handled(protocols.gRPC),
  HTTP: await server.handled(protocols.HTTP),
});
