/** Says on standard error what goes on, so that standard output is the answer alone. */
export interface Progress {
  /** One step; printed at once. */
  readonly step: (text: string) => void;
  /** How far the step is; a terminal shows every call on one line, a log one line each five seconds. */
  readonly update: (text: string) => void;
  /** Ends the line that `update` left open. */
  readonly end: () => void;
}

const everyMs = 5000;

/** Progress on the given stream. */
export function progressOn(stream: NodeJS.WriteStream = process.stderr): Progress {
  let open = false;
  let last = 0;
  const end = () => {
    if (open) stream.write("\n");
    open = false;
  };
  return {
    end,
    step: (text) => {
      end();
      stream.write(`${text}\n`);
    },
    update: (text) => {
      const now = Date.now();
      if (stream.isTTY) {
        stream.write(`\r${text}\u001b[K`);
        open = true;
      } else if (now - last >= everyMs) {
        stream.write(`${text}\n`);
      } else {
        return;
      }
      last = now;
    },
  };
}
