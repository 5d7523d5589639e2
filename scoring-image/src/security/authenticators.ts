import type { Logger } from "pino";
import type { Access } from "./access";
import { credentialForms, type Authenticator } from "./authenticator";
import { readKeys, renewKeys } from "./keyFiles";
import { keyAuthenticator, KeyRing } from "./keys";
import { tokenAuthenticator } from "./tokens";

/** How each protocol checks its callers. */
export interface Authenticators {
  readonly http: Authenticator;
  readonly grpc: Authenticator;
  /** Ends what watches for new keys. */
  readonly close: () => void;
}

/**
 * Puts together what `access` asks for.
 * @throws KeyFileError when key files cannot be used
 */
export function buildAuthenticators(access: Access, logger: Logger): Authenticators {
  const forEach = (build: (form: RegExp) => Authenticator, close = () => undefined as void) => ({
    http: build(credentialForms.http),
    grpc: build(credentialForms.grpc),
    close,
  });
  switch (access.kind) {
    case "open":
      return forEach(() => () => undefined);
    case "keys": {
      const ring = new KeyRing(access.keys);
      return forEach((form) => keyAuthenticator(ring, form));
    }
    case "keyFiles": {
      const ring = new KeyRing(readKeys(access.files));
      const close = renewKeys(ring, access.files, logger);
      return forEach((form) => keyAuthenticator(ring, form), close);
    }
    case "token": {
      const authenticate = tokenAuthenticator(access.issuer);
      return forEach(() => authenticate);
    }
  }
}
