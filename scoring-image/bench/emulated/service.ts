/** The service's process with an emulated device, for the bench: settings and protocols are the product's, what runs batches is not. */
import path from "node:path";
import { ScoringService } from "../../src/app";
import { loadSettings } from "../../src/settings";
import { createLogger } from "../../src/telemetry/logger";
import { EmulatedDevice, h200 } from "./device";

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  process.env.UV_THREADPOOL_SIZE ??= String((settings.decodeThreads || settings.lanes) + 1);
  const logger = createLogger(settings.logLevel);
  // Each warmed size is a captured graph of its own: to go from one to another costs nothing.
  const device = new EmulatedDevice({ ...h200, sampledPixels: 16 });
  const service = new ScoringService({
    ...{ settings, logger, entries: path.join(__dirname, "..") },
    device: {
      stageEntry: path.join(__dirname, "emulatedStageWorker.js"),
      openHost: device.openHost,
    },
    onHang: (reason) => {
      throw reason;
    },
  });
  process.on("SIGTERM", () => void service.stop().then(() => process.exit(0)));
  const address = await service.listen();
  await service.load();
  logger.info({ ...address }, "ready");
}

void main();
