import assert from "node:assert/strict";
import { GrpcTestClient } from "../../../support/grpcClient";
import { inferMethod, jsonLengths, recorded, withJson } from "../../../support/openInference";
import { Random } from "../../../support/random";
import { startService, type RunningService } from "../../../support/service";
import { tinyPackage } from "../../../support/tinyModel";

const count = 4000;
const seed = 20_261_122;

/** Overwrites, removes, repeats or cuts off bytes of what a real client sent. */
function mutate(random: Random, original: Uint8Array): Buffer<ArrayBuffer> {
  let bytes = Array.from(original);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(20);
    switch (random.below(5)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        bytes[at] = random.pick([0, 1, 45, 57, 93, 125, 127, 128, 255]);
        break;
      case 2:
        bytes.splice(at, length);
        break;
      case 3:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      default:
        bytes = bytes.slice(0, at + 1);
    }
    if (bytes.length === 0) bytes = [0];
  }
  return Buffer.from(Uint8Array.from(bytes));
}

describe(`protocols/openInference, ${count} mutations of tritonclient's requests, seed ${seed}`, () => {
  let running: RunningService;
  before(async () => {
    running = await startService({ MODEL_DIR: tinyPackage("mean-colour") });
  });
  after(() => running.stop());

  /** Sends all, and returns how often each outcome came and by how many MB the memory grew in the last quarter, when V8's heap is flat. */
  async function run(send: (random: Random) => Promise<string>) {
    const random = new Random(seed);
    const outcomes: Record<string, number> = {};
    let before = 0;
    for (let i = 0; i < count; i++) {
      if (i === (count * 3) / 4) before = await running.metric("process_resident_memory_bytes");
      const outcome = await send(random);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    const grown = (await running.metric("process_resident_memory_bytes")) - before;
    assert.equal(await running.metric("scoring_session_worker_restarts_total"), 0);
    return { outcomes, grownMb: grown / 1e6 };
  }

  it("are answered 200, 400 or 415 over HTTP", async () => {
    const { outcomes, grownMb } = await run(async (random) => {
      const name = random.pick(["bytes-binary", "fp32-binary", "fp32-json"]);
      const headers = withJson(jsonLengths[name] as number);
      const path = "/v2/models/mean-colour/infer";
      const body = mutate(random, recorded(`${name}.http`));
      const response = await running.post(body, { path, headers });
      const text = await response.text();
      if (response.status !== 200) {
        assert.equal(typeof (JSON.parse(text) as { error: unknown }).error, "string");
      }
      return String(response.status);
    });
    const unexpected = Object.keys(outcomes).filter((status) => !/^(200|400|415)$/.test(status));
    assert.deepEqual(unexpected, [], JSON.stringify(outcomes));
    assert.ok((outcomes[200] ?? 0) > 50 && (outcomes[400] ?? 0) > 300, JSON.stringify(outcomes));
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
  }).timeout(60_000);

  it("are answered OK, INVALID_ARGUMENT or NOT_FOUND over gRPC", async () => {
    const client = new GrpcTestClient(running.grpcAddress);
    const { outcomes, grownMb } = await run((random) => {
      const name = random.pick(["bytes", "fp32"]);
      return client.send(inferMethod, mutate(random, recorded(`${name}.grpc`))).then(
        () => "OK",
        ({ code }: { code: number }) => String(code),
      );
    });
    client.close();
    const unexpected = Object.keys(outcomes).filter((code) => !/^(OK|3|5)$/.test(code));
    assert.deepEqual(unexpected, [], JSON.stringify(outcomes));
    assert.ok((outcomes["OK"] ?? 0) > 50 && (outcomes[3] ?? 0) > 300, JSON.stringify(outcomes));
    assert.ok(grownMb < 30, `RSS grew by ${grownMb} MB`);
  }).timeout(60_000);
});
