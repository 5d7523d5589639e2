import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { ScoringError } from "../errors";

/** The keys that open the service; both are valid at once so that one can be changed while the other is in use. */
export interface Keys {
  readonly primary: string;
  readonly secondary?: string | undefined;
}

/** Decides whether a caller may score. @throws ScoringError UNAUTHENTICATED */
export type Authenticator = (authorization: string | undefined) => void;

const digest = (text: string) => createHash("sha256").update(text).digest();

/** A new random key of 32 characters (192 bits), safe in headers and shells. */
export const generateKey = (): string => randomBytes(24).toString("base64url");

/**
 * Checks `Authorization: Bearer KEY`, the scheme in any case, against both keys. Digests of equal length are compared in constant time,
 * and both are always compared, so that the time tells nothing about a key or its length.
 */
export function keyAuthenticator({ primary, secondary }: Keys): Authenticator {
  const accepted = [primary, secondary ?? primary].map(digest);
  return (authorization) => {
    const [, key] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
    if (key === undefined) {
      throw new ScoringError("UNAUTHENTICATED", "Send the header Authorization: Bearer KEY.");
    }
    const offered = digest(key);
    const matches = accepted.filter((valid) => timingSafeEqual(valid, offered));
    if (matches.length === 0) throw new ScoringError("UNAUTHENTICATED", "The key is not valid.");
  };
}

/** Lets everybody in: `AUTH=none`. */
export const openAuthenticator: Authenticator = () => undefined;
