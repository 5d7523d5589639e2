import { constants, openSync } from "node:fs";
import pino, { type Logger } from "pino";
import pretty from "pino-pretty";
import { maxLogBacklog } from "../limits/bounds";

/** Lines are written together, when they fill a page or after a moment: a write for each would cost more than the rest of a log call. */
const together = { minLength: 4096, periodicFlush: 50 } as const;

/** Where lines can be written: what waits for a full disk, or a reader that has stopped, would wait for ever. */
const intact = new Set<{ flushSync(): void }>();

let dropped = 0;

/** Lines that could not be written and were not kept. */
export const droppedLines = (): number => dropped;

/** Writes what waits, as far as it can be written. */
export function flushLog(): void {
  for (const destination of intact) {
    try {
      destination.flushSync();
    } catch {
      // Nobody reads, or nothing can be written any more.
    }
  }
}

process.on("exit", flushLog);

/**
 * JSON lines on standard output; readable lines where a person watches a terminal. Lines that cannot be written, on a full disk or into a pipe
 * that nobody reads, are written once they can be: a log call never throws and never waits, since a request must not for its line in the log.
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.stdout.isTTY) {
    return pino(options, pretty({ sync: true, translateTime: "HH:MM:ss", singleLine: true }));
  }
  const destination = pino.destination({
    ...{ dest: withoutBlocking(1), sync: true, maxLength: maxLogBacklog, ...together },
    // It would sleep, and then try again.
    retryEAGAIN: () => false,
  });
  const logger = pino(options, destination);
  intact.add(destination);
  destination.on("error", () => intact.delete(destination));
  destination.on("drop", () => dropped++);
  let told = 0;
  // All that has waited is written, and there is room for a line about the rest.
  destination.on("drain", () => {
    intact.add(destination);
    if (told === dropped) return;
    logger.warn(
      { lines: dropped - told },
      "lines of the log were dropped: they could not be written",
    );
    told = dropped;
  });
  return logger;
}

/**
 * Opens a descriptor's file or pipe once more, for writes that fail at once instead of waiting. The descriptor itself may be shared with other
 * processes, which do not expect that of theirs. Sockets, and systems without /proc, have no such way.
 */
function withoutBlocking(fd: number): number {
  try {
    const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {
    return fd;
  }
}
