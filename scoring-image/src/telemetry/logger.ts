import pino, { type Logger } from "pino";
import pretty from "pino-pretty";

/** JSON lines on standard output; readable lines where a person watches a terminal. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }));
  return pino(options, pretty({ sync: true, translateTime: "HH:MM:ss", singleLine: true }));
}
