import assert from "node:assert/strict";
import { generateKeyPair, SignJWT } from "../../../scoring-image/node_modules/jose";
import { tokenAuthenticator } from "../../../scoring-image/src/security/tokens";
import { plainJpeg } from "../../support/pictures";
import { startService } from "../../support/service";
import { colourClassifier } from "../../support/tinyModel";
import { audience, LocalIssuer, type Claims } from "../../support/tokenIssuer";

const bearer = (token: string) => `Bearer ${token}`;

describe("security/tokens", () => {
  let issuer: LocalIssuer;
  let authenticate: (authorization?: string) => Promise<void>;
  beforeEach(async () => {
    issuer = await LocalIssuer.start();
    const check = tokenAuthenticator({ issuer: issuer.url, audience });
    authenticate = async (authorization) => check(authorization);
  });
  afterEach(() => issuer.close());

  const now = Date.now;
  afterEach(() => {
    Date.now = now;
  });
  /** For the age of the issuer's keys; what a token says is compared with the real time. */
  const later = (seconds: number) => {
    Date.now = () => now() + seconds * 1000;
  };

  it("accepts a token of the issuer, whose keys it finds by OpenID discovery and asks for once", async () => {
    for (let i = 0; i < 3; i++) await authenticate(bearer(await issuer.sign()));
    assert.deepEqual(issuer.requests, ["/.well-known/openid-configuration", "/keys"]);
  });

  it("asks no configuration when the keys' address is set", async () => {
    const { url, jwksUri } = issuer;
    await tokenAuthenticator({ issuer: url, audience, jwksUri })(bearer(await issuer.sign()));
    assert.deepEqual(issuer.requests, ["/keys"]);
  });

  it("takes up an issuer's new key, and goes on taking the old one", async () => {
    const old = await issuer.sign();
    await authenticate(bearer(old));
    await issuer.changeKey("second");
    const token = await issuer.sign();
    // An unknown key makes the issuer's be fetched anew, but not at each forged token.
    await assert.rejects(authenticate(bearer(token)), { code: "UNAUTHENTICATED" });
    later(31);
    await authenticate(bearer(token));
    await authenticate(bearer(old));
    const [, ...fetched] = issuer.requests;
    assert.deepEqual(fetched, ["/keys", "/keys"]);
  });

  it("refuses a withdrawn key once the kept ones are a day old", async () => {
    const old = await issuer.sign();
    await authenticate(bearer(old));
    await issuer.changeKey("second");
    issuer.withdrawOldKeys();
    const token = await issuer.sign();
    later(23 * 3600);
    await authenticate(bearer(old));
    later(24 * 3600 + 1);
    await assert.rejects(authenticate(bearer(old)), { message: "The token is not valid." });
    await authenticate(bearer(token));
  });

  const refused: [what: string, claims: Claims, message: string][] = [
    [
      "of another issuer",
      { iss: "https://other" },
      'The token\'s claim "iss" does not fit this service.',
    ],
    [
      "for another audience",
      { aud: "api://other" },
      'The token\'s claim "aud" does not fit this service.',
    ],
    ["that has expired", { expiresIn: -61 }, "The token has expired."],
    [
      "that never expires",
      { expiresIn: undefined },
      'The token\'s claim "exp" does not fit this service.',
    ],
    [
      "that is not valid yet",
      { notBefore: 90 },
      'The token\'s claim "nbf" does not fit this service.',
    ],
  ];
  for (const [what, claims, message] of refused) {
    it(`refuses a token ${what}`, async () => {
      const token = await issuer.sign(claims);
      await assert.rejects(authenticate(bearer(token)), { code: "UNAUTHENTICATED", message });
    });
  }

  it("bears clocks that differ by less than a minute", async () => {
    await authenticate(bearer(await issuer.sign({ expiresIn: -50 })));
    await authenticate(bearer(await issuer.sign({ notBefore: 50 })));
  });

  it("refuses a changed token, an unsigned one, one of another key and what is no token", async () => {
    const [header, payload, signature] = (await issuer.sign()).split(".") as [
      string,
      string,
      string,
    ];
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: issuer.url, aud: audience, exp: 4e9 };
    const stranger = await generateKeyPair("RS256");
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "first" })
      .sign(stranger.privateKey);
    const shared = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: "first" })
      .sign(Buffer.from("the issuer's public key, taken for a shared secret"));
    const tokens = [
      `${header}.${encode({ ...claims, exp: 5e9 })}.${signature}`,
      `${encode({ alg: "none" })}.${payload}.`,
      `${header}.${payload}`,
      "no-token",
      forged,
      shared,
    ];
    for (const token of tokens) {
      const expected = { code: "UNAUTHENTICATED", message: "The token is not valid." };
      await assert.rejects(authenticate(bearer(token)), expected, token);
    }
    await assert.rejects(authenticate(undefined), {
      message: "Send the header Authorization: Bearer TOKEN.",
    });
  });

  it("does not blame the caller when the issuer cannot be reached, and tries again", async () => {
    const token = bearer(await issuer.sign());
    issuer.status = 500;
    await assert.rejects(authenticate(token), { code: "ISSUER_UNREACHABLE", httpStatus: 503 });
    issuer.status = 200;
    await authenticate(token);
  });

  for (const path of ["/keys", "/.well-known/openid-configuration"]) {
    it(`reads no more than 1 MiB from the issuer's ${path}`, async () => {
      const token = bearer(await issuer.sign());
      issuer.padding.set(path, 1024 * 1024);
      await assert.rejects(authenticate(token), (error: Error) => {
        assert.equal((error as { code?: string }).code, "ISSUER_UNREACHABLE");
        const cause = error.cause as Error;
        assert.equal(cause.message, "the answer is longer than 1048576 bytes");
        return true;
      });
      issuer.padding.set(path, 1024 * 1024 - 2000);
      await authenticate(token);
    });
  }

  it("guards the service", async () => {
    const running = await startService({
      AUTH: "token",
      TOKEN_ISSUER: issuer.url,
      TOKEN_AUDIENCE: audience,
      MODEL_DIR: colourClassifier("logits"),
    });
    const statusWith = async (authorization: string) => {
      const answer = await running.post(plainJpeg([9, 9, 200]), { headers: { authorization } });
      return [answer.status, answer.headers.get("www-authenticate")];
    };
    assert.deepEqual(await statusWith(bearer(await issuer.sign())), [200, null]);
    assert.deepEqual(await statusWith(bearer(await issuer.sign({ aud: "x" }))), [401, "Bearer"]);
    assert.deepEqual(await statusWith("Bearer some-key-of-old"), [401, "Bearer"]);
    await running.stop();
  });
});
