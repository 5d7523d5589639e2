/**
 * Decides whether a caller may score, by the value of `authorization`. It answers at once where it can: every request passes here.
 * @throws ScoringError UNAUTHENTICATED; ISSUER_UNREACHABLE when a token cannot be checked
 */
export type Authenticator = (authorization: string | undefined) => void | Promise<void>;

/** Where the key or token stands in the value of `authorization`; the scheme is taken in any case. */
export const credentialForms = {
  /** `Bearer KEY` */
  http: /^bearer +(\S+) *$/i,
  /** `Bearer KEY` or KEY alone, which the oldest gRPC clients send. */
  grpc: /^(?!bearer *$)(?:bearer +)?(\S+) *$/i,
} as const;
