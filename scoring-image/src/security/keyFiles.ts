import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import { variables } from "../contract";
import { keyForm, keyRule, type KeyRing, type Keys } from "./keys";
import { watchFiles } from "./watchFiles";

/** Where the keys are found; each file holds one, with or without a line end. */
export interface KeyFiles {
  readonly primaryKeyFile: string;
  readonly secondaryKeyFile?: string | undefined;
}

/** A key file that cannot be used; the message names variable and file, never what it holds. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

/** @throws KeyFileError when a file cannot be read or holds no key */
export function readKeys({ primaryKeyFile, secondaryKeyFile }: KeyFiles): Keys {
  return {
    primary: readKey(variables.primaryKeyFile, primaryKeyFile),
    secondary: secondaryKeyFile && readKey(variables.secondaryKeyFile, secondaryKeyFile),
  };
}

function readKey(variable: string, file: string): string {
  let key: string;
  try {
    key = readFileSync(file, "utf8").trim();
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    throw new KeyFileError(`${variable} is "${file}": it cannot be read (${code})`, { cause });
  }
  if (keyForm.test(key)) return key;
  throw new KeyFileError(`${variable} is "${file}": the key in it ${keyRule}`);
}

/**
 * Accepts new keys as their files change. While they cannot be used, the old ones stay valid and the log says why.
 * @returns ends the watch
 */
export function renewKeys(ring: KeyRing, files: KeyFiles, logger: Logger): () => void {
  const renew = () => {
    try {
      ring.replace(readKeys(files));
      logger.info("the keys have been read anew");
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      logger.error({ err: error }, "the new keys cannot be used; the old ones stay valid");
    }
  };
  const { primaryKeyFile, secondaryKeyFile } = files;
  return watchFiles([primaryKeyFile, ...(secondaryKeyFile ? [secondaryKeyFile] : [])], renew);
}
