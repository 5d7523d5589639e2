import { SimulatedAzure } from "./azure";
import { SimulatedSites } from "./http";
import { SimulatedKubernetes } from "./kubernetes";
import { ProviderServer } from "./server";
import path from "node:path";
import { State } from "./state";
import { SimulatedDocker, SimulatedRandom, SimulatedTls } from "./tools";

/** A running simulation of Azure and everything else that the program's providers would reach. */
export interface Simulation {
  readonly state: State;
  /** What the engine and the program must have in their environment to meet it. */
  readonly env: Readonly<Record<string, string>>;
  /** Every password that the random provider has made. */
  readonly passwords: readonly string[];
  stop(): void;
}

/**
 * Starts the simulated providers and sites on free ports of this machine.
 * @param file where the state is kept, so that another process can go on with it; in memory only without one
 */
export async function startSimulation(file?: string): Promise<Simulation> {
  const state = new State(file);
  const sites = new SimulatedSites(state);
  const random = new SimulatedRandom(state);
  const providers = {
    "azure-native": new SimulatedAzure(state),
    kubernetes: new SimulatedKubernetes(state),
    docker: new SimulatedDocker(state, sites.tokens),
    random,
    tls: new SimulatedTls(state),
  };
  const server = new ProviderServer(providers, state);
  const port = await server.start();
  const address = await sites.start();
  return {
    state,
    passwords: random.passwords,
    env: {
      PULUMI_DEBUG_PROVIDERS: Object.keys(providers)
        .map((name) => `${name}:${port}`)
        .join(","),
      // The engine attaches; it must not try to download what it then does not use.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      SIMULATED_SITES: address,
      NODE_OPTIONS: `--require=${path.join(__dirname, "redirect.cjs")}`,
    },
    stop: () => {
      server.stop();
      sites.stop();
    },
  };
}
