import assert from "node:assert/strict";
import { once } from "node:events";
// The server's packages are not those of the root, where the tests live.
import { Client, credentials } from "../../../../scoring-image/node_modules/@grpc/grpc-js";
import { GrpcTestClient, methodOf } from "../../../support/grpcClient";
import { startService, type RunningService } from "../../../support/service";
import { colourClassifier } from "../../../support/tinyModel";

const check = methodOf("grpc/health/v1/health.proto", "grpc.health.v1.Health", "Check");
const open = { metadata: {} };

/** Watches a service's status over a connection of its own. */
function watch(address: string, service: string) {
  const { path, requestSerialize, responseDeserialize } = methodOf(
    "grpc/health/v1/health.proto",
    "grpc.health.v1.Health",
    "Watch",
  );
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    service,
  });
  const first = once(call, "data").then(([status]) => status as object);
  const ended = once(call, "end").then(() => client.close());
  return { first, ended };
}

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

  it("tells watchers, also of what is not known, and does not wait for them to leave", async () => {
    const other = await startService({ MODEL_DIR: colourClassifier("logits"), GRPC_PORT: "0" });
    const watched = ["", "Search"].map((service) => watch(other.grpcAddress, service));
    const first = await Promise.all(watched.map(({ first }) => first));
    assert.deepEqual(first, [{ status: "SERVING" }, { status: "SERVICE_UNKNOWN" }]);
    assert.equal(await other.stop(), true);
    await Promise.all(watched.map(({ ended }) => ended));
  });

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
