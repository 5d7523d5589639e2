import { ScoringService, type ServiceOptions } from "../../scoring-image/src/app";
import { loadSettings } from "../../scoring-image/src/settings";
import { createLogger } from "../../scoring-image/src/telemetry/logger";
import { dist } from "./paths";

export const primaryKey = "primary-key-of-the-tests";
export const secondaryKey = "secondary-key-of-the-tests";
export const authorization = `Bearer ${primaryKey}`;

export interface RunningService {
  readonly url: string;
  readonly metricsUrl: string;
  /** Host and port of gRPC; those of HTTP unless GRPC_PORT is set. */
  readonly grpcAddress: string;
  readonly service: ScoringService;
  /** Settles when the model is loaded, or refused. */
  readonly loaded: Promise<void>;
  /** POSTs a body to `/score` (or another path) with a valid key unless the headers say otherwise. */
  readonly post: (body: BodyInit | null, init?: PostInit) => Promise<Response>;
  /** Value of a metric without labels. */
  readonly metric: (name: string) => Promise<number>;
  readonly stop: () => Promise<boolean>;
}

interface PostInit extends RequestInit {
  path?: string;
}

/**
 * Starts the real service in this process on free ports, with one lane unless told otherwise.
 * @param options with `isLoaded` false it returns as soon as it listens
 */
export async function startService(
  env: Record<string, string>,
  {
    isLoaded = true,
    device,
  }: { readonly isLoaded?: boolean; readonly device?: ServiceOptions["device"] } = {},
): Promise<RunningService> {
  const settings = loadSettings({
    PORT: "0",
    METRICS_PORT: "0",
    LANES: "1",
    LOG_LEVEL: "silent",
    // A busy machine must not make the queue refuse what a test wants answered.
    MAX_QUEUE_WAIT_MS: "30000",
    ...((env["AUTH"] ?? "key") === "key"
      ? { PRIMARY_KEY: primaryKey, SECONDARY_KEY: secondaryKey }
      : {}),
    ...env,
  });
  const service = new ScoringService({
    settings,
    logger: createLogger(settings.logLevel),
    entries: dist,
    onHang: (reason) => {
      throw reason;
    },
    device,
  });
  const { url, metricsUrl, grpcAddress } = await service.listen();
  const loaded = service.load();
  if (isLoaded) await loaded;
  else loaded.catch(() => undefined);
  return {
    url,
    loaded,
    metricsUrl,
    grpcAddress,
    service,
    post: (body, { path: at = "/score", headers, ...init } = {}) =>
      fetch(`${url}${at}`, {
        method: "POST",
        body,
        headers: { authorization, ...headers },
        ...init,
      }),
    metric: async (name) => {
      const text = await (await fetch(`${metricsUrl}/metrics`)).text();
      return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
    },
    stop: async () => (await service.stop()).isComplete,
  };
}
