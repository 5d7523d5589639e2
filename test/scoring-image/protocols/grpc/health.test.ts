import assert from "node:assert/strict";
import { GrpcTestClient, methodOf } from "../../../support/grpcClient";
import { startService, type RunningService } from "../../../support/service";
import { colourClassifier } from "../../../support/tinyModel";

const check = methodOf("grpc/health/v1/health.proto", "grpc.health.v1.Health", "Check");
const open = { metadata: {} };

describe("protocols/grpc/health", () => {
  let running: RunningService;
  let client: GrpcTestClient;
  before(async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits"), GRPC_PORT: "0" });
    client = new GrpcTestClient(running.grpcAddress);
  });
  after(async () => {
    client.close();
    await running.stop();
  });

  for (const service of ["", "grpc.health.v1.Health", "Health"]) {
    it(`says without a key that "${service}" is serving`, async () => {
      assert.deepEqual(await client.call(check, { service }, open), { status: "SERVING" });
    });
  }

  it("does not know another service", () =>
    assert.rejects(client.call(check, { service: "Search" }, open), {
      code: 5,
      details: 'There is no service "Search" here.',
    }));

  it("says that it is not serving once no worker is left", async () => {
    const pool = await startService({ MODEL_DIR: colourClassifier("logits"), GRPC_PORT: "0" });
    const other = new GrpcTestClient(pool.grpcAddress);
    const stopping = pool.stop();
    const refused = await other.call(check, { service: "" }, open).catch((error: unknown) => error);
    assert.notDeepEqual(refused, { status: "SERVING" });
    await stopping;
    other.close();
  });
});
