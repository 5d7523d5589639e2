import assert from "node:assert/strict";
import { credentialForms } from "../../../scoring-image/src/security/authenticator";
import { generateKey, keyAuthenticator, KeyRing } from "../../../scoring-image/src/security/keys";

describe("security/keys", () => {
  const authenticate = keyAuthenticator(
    new KeyRing({ primary: "first-key", secondary: "second-key" }),
  );

  for (const header of ["Bearer first-key", "bearer second-key", "BEARER  first-key "]) {
    it(`accepts "${header}"`, () => assert.doesNotThrow(() => authenticate(header)));
  }

  const refused: [header: string | undefined, message: RegExp][] = [
    [undefined, /^Send the header Authorization: Bearer KEY\.$/],
    ["", /^Send the header/],
    ["Bearer ", /^Send the header/],
    ["Basic first-key", /^Send the header/],
    ["Bearer first-ke", /^The key is not valid\.$/],
    ["Bearer first-key2", /^The key is not valid\.$/],
    ["Bearer FIRST-KEY", /^The key is not valid\.$/],
    ["Bearer undefined", /^The key is not valid\.$/],
  ];
  for (const [header, message] of refused) {
    it(`refuses ${JSON.stringify(header)}`, () => {
      assert.throws(() => authenticate(header), { code: "UNAUTHENTICATED", message });
    });
  }

  it("takes the three spellings of a key over gRPC (trap 4)", () => {
    const grpc = keyAuthenticator(new KeyRing({ primary: "first-key" }), credentialForms.grpc);
    for (const value of ["first-key", "Bearer first-key", "bearer first-key"]) {
      assert.doesNotThrow(() => grpc(value));
    }
    for (const value of [undefined, "", "Bearer ", "Bearer", "second-key", "Basic first-key"]) {
      assert.throws(() => grpc(value), { code: "UNAUTHENTICATED" }, value);
    }
  });

  it("accepts the one key when there is no second", () => {
    const single = keyAuthenticator(new KeyRing({ primary: "first-key" }));
    assert.doesNotThrow(() => single("Bearer first-key"));
    assert.throws(() => single("Bearer second-key"), { code: "UNAUTHENTICATED" });
  });

  it("generates keys of 32 characters that differ", () => {
    const keys = Array.from({ length: 100 }, generateKey);
    assert.equal(new Set(keys).size, 100);
    for (const key of keys) assert.match(key, /^[\w-]{32}$/);
  });
});
