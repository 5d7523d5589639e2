import { parseArgs, type ParseArgsConfig } from "node:util";
import { CommandFailure } from "./failure";

/** What a verb answers: `json` with `--json`, `lines` otherwise. */
export interface Answer {
  readonly json: unknown;
  readonly lines: readonly string[];
  /** Set where the verb did its work and found what must not be. */
  readonly failure?: CommandFailure;
}

/** One verb of `npm run model`; one a file. */
export interface Verb {
  /** One line for the list of verbs. */
  readonly summary: string;
  /** Arguments and options, one a line. */
  readonly usage: readonly string[];
  /** @throws CommandFailure */
  readonly run: (args: string[]) => Promise<Answer>;
}

/**
 * Reads a verb's arguments by node:util's parseArgs.
 * @throws CommandFailure usage
 */
export function readArguments<const O extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  names: readonly string[],
  options: O,
) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length === names.length) return { values, positionals };
    const wanted = names.length === 0 ? "takes no name" : `takes ${names.join(" ")}`;
    throw new Error(`the verb ${wanted}, ${positionals.length} given`);
  } catch (error) {
    throw new CommandFailure("usage", (error as Error).message);
  }
}

/** Bytes in the unit that people read, in powers of 1000. */
export function readableSize(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
