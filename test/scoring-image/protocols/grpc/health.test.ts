import assert from "node:assert/strict";
import { once } from "node:events";
// The server's packages are not those of the root, where the tests live.
import { Client, credentials } from "../../../../scoring-image/node_modules/@grpc/grpc-js";
import { GrpcTestClient, methodOf } from "../../../support/grpcClient";
import { startService, type RunningService } from "../../../support/service";
import { colourClassifier } from "../../../support/tinyModel";

const check = methodOf("grpc/health/v1/health.proto", "grpc.health.v1.Health", "Check");
const open = { metadata: {} };

/** Watches a service's status over a connection of its own. `ended` has every status that came. */
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
  const seen: string[] = [];
  call.on("data", ({ status }: { status: string }) => seen.push(status));
  const first = once(call, "data");
  const ended = once(call, "end").then(() => {
    client.close();
    return seen;
  });
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

  it("tells watchers when it stops serving, and does not wait for them to leave", async () => {
    const other = await startService({ MODEL_DIR: colourClassifier("logits"), GRPC_PORT: "0" });
    const watched = ["", "Search"].map((service) => watch(other.grpcAddress, service));
    await Promise.all(watched.map(({ first }) => first));
    assert.equal(await other.stop(), true);
    assert.deepEqual(await Promise.all(watched.map(({ ended }) => ended)), [
      ["SERVING", "NOT_SERVING"],
      ["SERVICE_UNKNOWN"],
    ]);
  });
});
