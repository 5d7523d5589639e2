/** The scoring server's process: settings, logger, signals, listen. Everything else is in `app.ts`. */

// Native code reads this when it is loaded: users of a scoring service did not ask for ONNX Runtime's telemetry.
process.env.ORT_DISABLE_TELEMETRY = "1";

import type { Logger } from "pino";
import type { ScoringService } from "./app";
import { paths, variables } from "./contract";
import {
  localServiceFile,
  LocalServiceError,
  prepareLocalService,
  removeLocalService,
  writeLocalService,
} from "./localService";
import { ModelPackageError, type ModelPackage } from "./model/modelPackage";
import type { ServiceAddress } from "./protocols";
import { CertificateError } from "./security/certificate";
import type { Access } from "./security/access";
import { KeyFileError } from "./security/keyFiles";
import { generateKey } from "./security/keys";
import { loadSettings, SettingsError } from "./settings";
import { createLogger, flushLog } from "./telemetry/logger";

/** `--local`: a person starts the service on their own machine; keys are made and noted where `npm run score` finds them. */
const isLocal = process.argv.includes("--local");

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** What to tell the person who started it; the key goes to a terminal only, never into a log. */
function greet({ url, metricsUrl }: ServiceAddress, model: string, access: Access): void {
  const isShown = process.stdout.isTTY;
  const keys = access.kind === "keys" ? access.keys : undefined;
  const header = keys ? ` -H "Authorization: Bearer ${isShown ? keys.primary : "$KEY"}"` : "";
  const lines = [
    `${model} is served at ${url}${paths.score} (metrics at ${metricsUrl}${paths.metrics}).`,
    "  npm run score -- samples/*.jpg",
    `  curl${header} --data-binary @samples/cat.jpg "${url}${paths.score}?top=5"`,
  ];
  if (access.kind === "open")
    lines.push("The service is open: anyone who can reach it may score (AUTH=none).");
  else if (keys && !isShown) lines.push(`The key is in ${localServiceFile}.`);
  process.stdout.write(`\n${lines.join("\n")}\n\n`);
}

/** One clear line for what a person can mend; everything else is a fault of ours and keeps its stack. */
function explain(error: unknown): string {
  const forPeople = [
    SettingsError,
    ModelPackageError,
    CertificateError,
    KeyFileError,
    LocalServiceError,
  ];
  if (error instanceof Error && forPeople.some((kind) => error instanceof kind))
    return error.message;
  const { code, port, syscall } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE") {
    return `Port ${port} is in use: stop what listens there, or set ${variables.port} or ${variables.metricsPort} to another port`;
  }
  if (code === "EACCES" && syscall === "listen")
    return `Port ${port} may not be opened by this user`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `${variables.host} is "${process.env[variables.host]}": not an address of this machine`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

let isStopping = false;

function stopOnSignals(service: ScoringService, logger: Logger): void {
  const stop = async (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, "stopping: accepted requests are being finished");
    const { isComplete, haveThreadsEnded } = await service.stop();
    if (isLocal) removeLocalService();
    logger.info(isComplete ? "stopped" : "stopped; requests were cut off by SHUTDOWN_GRACE_MS");
    const status = isComplete ? 0 : 1;
    if (haveThreadsEnded) process.exit(status);
    logger.warn("a thread has not come back from what it was doing");
    flushLog();
    const { exitAtOnce } = await import("./nativeProcess.js");
    exitAtOnce(status);
  };
  // SIGHUP: the terminal of `npm start` has been closed.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => void stop(signal));
  }
}

const labelsOf = ({ outputs }: ModelPackage) => outputs.find(({ labels }) => labels)?.labels;

async function main(): Promise<void> {
  const settings = loadSettings(process.env, isLocal ? generateKey : undefined);
  if (isLocal) prepareLocalService();
  // Before the first use of libuv's pool, on which sharp decodes: one thread for each that decodes, and one for files.
  process.env.UV_THREADPOOL_SIZE ??= String((settings.decodeThreads || settings.lanes) + 1);
  const logger = createLogger(settings.logLevel);
  // Loaded late so that a wrong setting is reported without waiting for the native libraries.
  const { ScoringService } = await import("./app.js");
  const service = new ScoringService({
    ...{ settings, logger, entries: __dirname },
    onHang: (reason) => {
      logger.fatal({ err: reason }, "the process ends, so that another one may take the device");
      process.exit(1);
    },
  });
  stopOnSignals(service, logger);
  const { name, version } = service.model;
  logger.info({ model: name, version, lanes: settings.lanes }, "loading");
  const { access } = settings;
  if (access.kind === "open") logger.warn("the service is open: AUTH=none");
  const address = await service.listen();
  logger.info({ ...address }, "listening");
  await service.load();
  const model = `${name} version ${version}`;
  logger.info({ ...address }, "ready");
  if (!isLocal) return;
  writeLocalService({
    url: address.url,
    primaryKey: access.kind === "keys" ? access.keys.primary : undefined,
    model,
    labels: labelsOf(service.model),
    pid: process.pid,
  });
  greet(address, model, access);
}

main().catch((error: unknown) => {
  // What a signal has interrupted has not failed.
  if (!isStopping) fail(explain(error));
});
