import assert from "node:assert/strict";
import { startService, type RunningService } from "../../support/service";
import { colourClassifier } from "../../support/tinyModel";

interface Operation {
  readonly responses: Record<string, unknown>;
  readonly security: unknown;
}

interface Document {
  readonly swagger?: string;
  readonly openapi?: string;
  readonly info: unknown;
  readonly paths: Record<string, Record<string, Operation>>;
}

describe("protocols/swagger", () => {
  let running: RunningService;
  before(async () => {
    running = await startService({
      MODEL_DIR: colourClassifier("logits"),
      SERVICE_NAME: "colours",
    });
  });
  after(() => running.stop());

  const get = async (at: string) =>
    (await fetch(`${running.url}${at}`)).json() as Promise<Document>;

  it("is Swagger 2 unless asked for OpenAPI 3", async () => {
    assert.equal((await get("/swagger.json")).swagger, "2.0");
    assert.equal((await get("/swagger.json?version=2")).swagger, "2.0");
    assert.equal((await get("/swagger.json?version=3")).openapi, "3.0.3");
    assert.equal((await fetch(`${running.url}/swagger.json?version=4`)).status, 404);
  });

  it("is served at the front end's path too", async () => {
    assert.deepEqual(await get("/api/v1/service/colours/swagger.json"), await get("/swagger.json"));
  });

  for (const version of [2, 3]) {
    it(`describes in version ${version} what is served`, async () => {
      const document = await get(`/swagger.json?version=${version}`);
      assert.deepEqual(document.info, {
        title: "mean-colour",
        version: "3",
        description: "The mean of each colour",
      });
      assert.deepEqual(Object.keys(document.paths), ["/score", "/api/v1/service/colours/score"]);
      for (const [at, methods] of Object.entries(document.paths)) {
        assert.deepEqual(Object.keys(methods), ["post"]);
        assert.deepEqual(methods["post"]?.security, [{ Bearer: [] }]);
        const response = await running.post("not a picture", { path: at });
        assert.ok(String(response.status) in (methods["post"]?.responses ?? {}));
      }
    });
  }
});
