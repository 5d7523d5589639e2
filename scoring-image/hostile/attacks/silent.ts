import type { Attack } from "../attack";
import type { Wire } from "../wire";

/** Connections that never say a word. */
export async function silence(wire: Wire, port: number, connections: number): Promise<void> {
  await wire.each(connections, async () => wire.outcome(await wire.connectPlain(port)));
}

export const silent: readonly Attack[] = [
  {
    name: "silent connections",
    what: "2,000 connections to the scoring port that never say a word",
    ...{ over: "TCP", hasKey: false, transports: ["clear", "tls"], seconds: 16 },
    ...{ outcomes: ["closed", "408"], refusals: ["closed", "408"] },
    run: (wire) => silence(wire, wire.port, 2000),
  },
  {
    name: "silent metrics connections",
    what: "500 connections to the metrics port that never say a word",
    ...{ over: "TCP", hasKey: false, transports: ["clear"], seconds: 17 },
    ...{ outcomes: ["closed", "408"], refusals: ["closed", "408"] },
    run: (wire) => silence(wire, wire.metricsPort, 500),
  },
];
