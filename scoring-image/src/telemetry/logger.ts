import pino, { type Logger } from "pino";
import pretty from "pino-pretty";

/** Bytes of lines that wait while they cannot be written; what comes after is dropped. */
const maxBacklog = 1 << 20;

/**
 * JSON lines on standard output; readable lines where a person watches a terminal. Lines that cannot be written, on a full disk for instance, are
 * written once they can be: a log call never throws, since a request must not fail for its line in the log.
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) {
    const destination = pino.destination({ dest: 1, sync: true, maxLength: maxBacklog });
    destination.on("error", () => undefined);
    return pino(options, destination);
  }
  return pino(options, pretty({ sync: true, translateTime: "HH:MM:ss", singleLine: true }));
}
