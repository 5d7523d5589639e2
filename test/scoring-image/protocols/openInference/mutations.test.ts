import assert from "node:assert/strict";
import { GrpcTestClient } from "../../../support/grpcClient";
import { assertOutcomes, mutate, sendMutations } from "../../../support/mutations";
import { inferMethod, jsonLengths, recorded, withJson } from "../../../support/openInference";
import { Random } from "../../../support/random";
import { startService, type RunningService } from "../../../support/service";
import { tinyPackage } from "../../../support/tinyModel";

const count = 4000;
const seed = 20_261_122;

const options = {
  changes: 3,
  length: 20,
  telling: [0, 1, 45, 57, 93, 125, 127, 128, 255],
  head: 300,
};

describe(`protocols/openInference, ${count} mutations of tritonclient's requests, seed ${seed}`, () => {
  let running: RunningService;
  before(async () => {
    running = await startService({ MODEL_DIR: tinyPackage("mean-colour") });
  });
  after(() => running.stop());

  it("are answered 200, 400 or 415 over HTTP", async () => {
    const random = new Random(seed);
    const { outcomes, grownMb } = await sendMutations(running, count, async () => {
      const name = random.pick(["bytes-binary", "fp32-binary", "fp32-json"]);
      const headers = withJson(jsonLengths[name] as number);
      const path = "/v2/models/mean-colour/infer";
      const body = mutate(recorded(`${name}.http`), random, options);
      const response = await running.post(body, { path, headers });
      const text = await response.text();
      if (response.status !== 200) {
        assert.equal(typeof (JSON.parse(text) as { error: unknown }).error, "string");
      }
      return String(response.status);
    });
    assertOutcomes(outcomes, ["200", "400", "415"], { 200: 50, 400: 300 });
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
  }).timeout(180_000);

  it("are answered OK, INVALID_ARGUMENT or NOT_FOUND over gRPC", async () => {
    const client = new GrpcTestClient(running.grpcAddress);
    const random = new Random(seed);
    const { outcomes, grownMb } = await sendMutations(running, count, () => {
      const name = random.pick(["bytes", "fp32"]);
      return client.send(inferMethod, mutate(recorded(`${name}.grpc`), random, options)).then(
        () => "OK",
        ({ code }: { code: number }) => String(code),
      );
    });
    client.close();
    assertOutcomes(outcomes, ["OK", "3", "5"], { OK: 50, 3: 300 });
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
  }).timeout(180_000);
});
