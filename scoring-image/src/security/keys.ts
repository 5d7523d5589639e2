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

/** Where the key stands in the value of `authorization`; the scheme is taken in any case. */
export const credentialForms = {
  /** `Bearer KEY` */
  http: /^bearer +(\S+) *$/i,
  /** `Bearer KEY` or KEY alone, which the oldest gRPC clients send. */
  grpc: /^(?!bearer *$)(?:bearer +)?(\S+) *$/i,
} as const;

/**
 * Checks the value of `authorization` against both keys. Digests of equal length are compared in constant time,
 * and both are always compared, so that the time tells nothing about a key or its length.
 */
export function keyAuthenticator(
  { primary, secondary }: Keys,
  form: RegExp = credentialForms.http,
): Authenticator {
  const accepted = [primary, secondary ?? primary].map(digest);
  return (authorization) => {
    const [, key] = form.exec(authorization ?? "") ?? [];
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
