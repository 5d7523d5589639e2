import assert from "node:assert/strict";
import { pushToken } from "../../components/registryToken";
import { httpServer } from "../support/httpServer";

/** A registry that lets the deployer push from a given attempt on. */
const registry = (allowedFrom: number, refusedAt: "exchange" | "upload" = "upload") => {
  let attempts = 0;
  return httpServer(({ method, url }, response) => {
    const json = (body: object) => response.end(JSON.stringify(body));
    if (url === "/oauth2/exchange") {
      attempts += 1;
      if (refusedAt === "exchange" && attempts < allowedFrom) {
        response.statusCode = 401;
        return json({ errors: [{ code: "UNAUTHORIZED" }] });
      }
      return json({ refresh_token: `refresh-${attempts}` });
    }
    if (url === "/oauth2/token") return json({ access_token: `access-${attempts}` });
    if (method === "POST" && url === "/v2/scoring-image/blobs/uploads/") {
      response.statusCode = attempts < allowedFrom ? 401 : 202;
      response.setHeader("location", "/v2/scoring-image/blobs/uploads/1?_state=x");
      return response.end();
    }
    response.statusCode = method === "DELETE" ? 204 : 404;
    return response.end();
  });
};

const request = { tenantId: "tenant", armToken: "arm", repository: "scoring-image", intervalMs: 5 };

describe("the registry's token", () => {
  it("is exchanged for the deployer's, and proven by an upload that is dropped again", async () => {
    const { url, seen, close } = await registry(1);
    try {
      assert.equal(await pushToken({ ...request, registry: url }), "refresh-1");
    } finally {
      await close();
    }
    assert.deepEqual(
      seen.map(({ method, url: path }) => `${method} ${path}`),
      [
        "POST /oauth2/exchange",
        "POST /oauth2/token",
        "POST /v2/scoring-image/blobs/uploads/",
        "DELETE /v2/scoring-image/blobs/uploads/1?_state=x",
      ],
    );
    const [exchange, token, upload] = seen;
    const service = new URL(url).host;
    assert.deepEqual(Object.fromEntries(new URLSearchParams(exchange?.body)), {
      grant_type: "access_token",
      service,
      tenant: "tenant",
      access_token: "arm",
    });
    assert.deepEqual(Object.fromEntries(new URLSearchParams(token?.body)), {
      grant_type: "refresh_token",
      service,
      scope: "repository:scoring-image:pull,push",
      refresh_token: "refresh-1",
    });
    assert.equal(upload?.headers.authorization, "Bearer access-1");
  });

  for (const refusedAt of ["exchange", "upload"] as const) {
    it(`is waited for while the ${refusedAt} is still refused`, async () => {
      const { url, close } = await registry(3, refusedAt);
      try {
        assert.equal(await pushToken({ ...request, registry: url }), "refresh-3");
      } finally {
        await close();
      }
    });
  }

  it("is given up with the registry's last answer", async () => {
    const { url, close } = await registry(Infinity);
    try {
      await assert.rejects(pushToken({ ...request, registry: url, timeoutMs: 20 }), {
        message: `${url} does not let this deployer push after 0 s: it answered 401 to an upload. Grant AcrPush, or wait and run again.`,
      });
    } finally {
      await close();
    }
  });

  it("is not waited for where the registry answers with a fault", async () => {
    const { url, close } = await httpServer((_, response) => {
      response.statusCode = 404;
      response.end("no such registry");
    });
    try {
      await assert.rejects(pushToken({ ...request, registry: url }), {
        message: `${url}/oauth2/exchange answered 404: no such registry`,
      });
    } finally {
      await close();
    }
  });
});
