import pino, { type Logger } from "pino";
import pretty from "pino-pretty";

/** Bytes of lines that wait while they cannot be written; what comes after is dropped. */
const maxBacklog = 1 << 20;

/** Lines are written together, when they fill a page or after a moment: a write for each would cost more than the rest of a log call. */
const together = { minLength: 4096, periodicFlush: 50 } as const;

/** Where lines can be written: what waits for a full disk would wait for ever. */
const intact = new Set<{ flushSync(): void }>();

process.on("exit", () => {
  for (const destination of intact) destination.flushSync();
});

/**
 * JSON lines on standard output; readable lines where a person watches a terminal. Lines that cannot be written, on a full disk for instance, are
 * written once they can be: a log call never throws, since a request must not fail for its line in the log.
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) {
    const destination = pino.destination({
      ...{ dest: 1, sync: true, maxLength: maxBacklog, ...together },
    });
    intact.add(destination);
    destination.on("error", () => intact.delete(destination));
    return pino(options, destination);
  }
  return pino(options, pretty({ sync: true, translateTime: "HH:MM:ss", singleLine: true }));
}
