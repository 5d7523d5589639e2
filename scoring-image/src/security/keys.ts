import { randomBytes, timingSafeEqual } from "node:crypto";
import { ScoringError } from "../errors";
import { credentialForms, type Authenticator } from "./authenticator";

/** The keys that open the service; both are valid at once so that one can be changed while the other is in use. */
export interface Keys {
  readonly primary: string;
  readonly secondary?: string | undefined;
}

/** What a key must look like. */
export const keyForm = /^[\x21-\x7e]{8,256}$/;

/** Completes "... is set: it ..." for a key that does not look like one. */
export const keyRule = "must be 8 to 256 printable characters without spaces";

/** Most characters of a key; `keyForm` bounds it. */
const maxLength = 256;

/** A key in as many bytes as the longest has; a longer text cannot be one. */
const padded = (key: string): Buffer => {
  const bytes = Buffer.alloc(maxLength + 1);
  bytes.write(key.slice(0, maxLength + 1), "latin1");
  return bytes;
};

/** A new random key of 32 characters (192 bits), safe in headers and shells. */
export const generateKey = (): string => randomBytes(24).toString("base64url");

/** The keys that are valid at the moment. */
export class KeyRing {
  #accepted: readonly Buffer[] = [];

  constructor(keys: Keys) {
    this.replace(keys);
  }

  /** From now on these keys are valid and no others. */
  replace({ primary, secondary }: Keys): void {
    this.#accepted = [primary, secondary ?? primary].map(padded);
  }

  /**
   * Whether a key is valid. Keys are compared in constant time and at equal length, and with both always, so that the time tells nothing
   * about a key or its length.
   */
  accepts(key: string): boolean {
    const offered = padded(key);
    return this.#accepted.filter((valid) => timingSafeEqual(valid, offered)).length > 0;
  }
}

/** Checks the value of `authorization` against the keys of a ring. */
export function keyAuthenticator(
  ring: KeyRing,
  form: RegExp = credentialForms.http,
): Authenticator {
  return (authorization) => {
    const [, key] = form.exec(authorization ?? "") ?? [];
    if (key === undefined) {
      throw new ScoringError("UNAUTHENTICATED", "Send the header Authorization: Bearer KEY.");
    }
    if (!ring.accepts(key)) throw new ScoringError("UNAUTHENTICATED", "The key is not valid.");
  };
}
