import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from "jose";
import { readBounded } from "../boundedBody";
import { ScoringError } from "../errors";
import { maxIssuerBytes } from "../limits/bounds";
import { credentialForms, type Authenticator } from "./authenticator";

/** Whose tokens open the service. */
export interface TokenIssuer {
  /** Value of the claim `iss`, for Entra `https://login.microsoftonline.com/TENANT/v2.0`. */
  readonly issuer: string;
  /** Value of the claim `aud`, for Entra the application's id or its id URI. */
  readonly audience: string;
  /** Where the issuer publishes its keys; looked up in its OpenID configuration unless set. */
  readonly jwksUri?: string | undefined;
}

/** Signatures that an issuer's published key can check; `none` and shared secrets are not among them. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
];

/** How far the issuer's clock may be from ours, in seconds. */
const clockTolerance = 60;

/** How long the issuer may take to answer, in milliseconds. */
const timeoutMs = 5000;

/** How long keys are used without asking again, in milliseconds; a key that is not known is asked for at once. */
const cacheMaxAgeMs = 24 * 60 * 60 * 1000;

/**
 * Checks `Authorization: Bearer TOKEN`, a JSON Web Token (RFC 7519) signed by the issuer: signature, issuer, audience and times. The
 * issuer's keys are fetched with the first token and kept.
 */
export function tokenAuthenticator(trusted: TokenIssuer): Authenticator {
  const { issuer, audience } = trusted;
  const keys = lazily(() => keysOf(trusted));
  const options = { issuer, audience, algorithms, clockTolerance, requiredClaims: ["exp"] };
  return async (authorization) => {
    const [, token] = credentialForms.http.exec(authorization ?? "") ?? [];
    if (token === undefined) {
      throw new ScoringError("UNAUTHENTICATED", "Send the header Authorization: Bearer TOKEN.");
    }
    try {
      await jwtVerify(token, await keys(), options);
    } catch (error) {
      throw refusal(error);
    }
  };
}

/** Computes a value once; a failure is not kept, so that the next caller tries again. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}

async function keysOf({ issuer, jwksUri }: TokenIssuer): Promise<JWTVerifyGetKey> {
  const uri = jwksUri ?? (await discover(issuer));
  return createRemoteJWKSet(new URL(uri), {
    cacheMaxAge: cacheMaxAgeMs,
    timeoutDuration: timeoutMs,
    [customFetch]: fetchBounded,
  });
}

/** Asks for keys as jose does by itself, but reads no more than may be. */
const fetchBounded: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options);
  if (answer.status === 200) return new Response(await readBounded(answer, maxIssuerBytes));
  await answer.body?.cancel();
  return answer;
};

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`${url} answers ${answer.status}`);
  }
  const text = await readBounded(answer, maxIssuerBytes);
  const { jwks_uri: uri } = JSON.parse(text) as { readonly jwks_uri?: unknown };
  if (typeof uri !== "string") throw new Error(`${url} names no jwks_uri`);
  return uri;
}

/** Says what is wrong with a token without repeating any of it; what is no fault of the token is none of its bearer either. */
function refusal(error: unknown): ScoringError {
  const because = (message: string) =>
    new ScoringError("UNAUTHENTICATED", message, { cause: error });
  if (error instanceof errors.JWTExpired) return because("The token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return because(`The token's claim "${error.claim}" does not fit this service.`);
  }
  const isToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== "ERR_JOSE_GENERIC";
  if (isToken) return because("The token is not valid.");
  return new ScoringError("ISSUER_UNREACHABLE", "The keys of the tokens' issuer cannot be had.", {
    cause: error,
  });
}
