// The server's packages are not those of the root, where the tests live.
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from "../../scoring-image/node_modules/jose";
import { httpServer } from "./httpServer";

export const audience = "api://scoring";

/** What a token of the tests says; a valid one unless changed. */
export interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  /** Seconds from now; undefined for a token without an end. */
  readonly expiresIn?: number | undefined;
  readonly notBefore?: number;
}

/** An issuer of tokens on this machine: an OpenID configuration, and keys that may be exchanged. */
export class LocalIssuer {
  readonly requests: string[] = [];
  /** HTTP status of every answer. */
  status = 200;
  /** Paths whose answers are preceded by so many bytes of white space. */
  readonly padding = new Map<string, number>();
  #published: JWK[] = [];
  #key: { readonly id: string; readonly key: CryptoKey } | undefined;
  #server: Awaited<ReturnType<typeof httpServer>> | undefined;

  static async start(): Promise<LocalIssuer> {
    const issuer = new LocalIssuer();
    await issuer.changeKey("first");
    issuer.#server = await httpServer(({ url }, response) => {
      issuer.requests.push(url);
      response.writeHead(issuer.status, { "content-type": "application/json" });
      const configuration = { issuer: issuer.url, jwks_uri: issuer.jwksUri };
      const keys = { keys: issuer.#published };
      response.write(" ".repeat(issuer.padding.get(url) ?? 0));
      response.end(JSON.stringify(url === "/keys" ? keys : configuration));
    });
    return issuer;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  get jwksUri(): string {
    return `${this.url}/keys`;
  }

  /** Publishes the newest key alone, as an issuer does some time after a change. */
  withdrawOldKeys(): void {
    this.#published = this.#published.slice(-1);
  }

  /** Signs with a new key from now on, and publishes it beside the old ones. */
  async changeKey(id: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    this.#key = { id, key: privateKey };
    this.#published.push({ ...(await exportJWK(publicKey)), kid: id, alg: "RS256", use: "sig" });
  }

  sign(claims: Claims = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { id, key } = this.#key as { id: string; key: CryptoKey };
    const token = new SignJWT({})
      .setProtectedHeader({ alg: "RS256", kid: id })
      .setIssuer(claims.iss ?? this.url)
      .setAudience(claims.aud ?? audience)
      .setNotBefore(now + (claims.notBefore ?? 0));
    if (!("expiresIn" in claims)) token.setExpirationTime(now + 3600);
    else if (claims.expiresIn !== undefined) token.setExpirationTime(now + claims.expiresIn);
    return token.sign(key);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}
