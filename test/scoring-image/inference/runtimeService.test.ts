import assert from "node:assert/strict";
import { inferMethod } from "../../support/openInference";
import { GrpcTestClient } from "../../support/grpcClient";
import { bundledModel } from "../../support/paths";
import { sample } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";

interface InferResponse {
  readonly raw_output_contents: readonly Buffer[];
}

/** Scores pictures in one ModelInfer; [n x 1000] probabilities, row after row. */
async function infer({ grpcAddress }: RunningService, pictures: readonly Uint8Array[]) {
  const client = new GrpcTestClient(grpcAddress);
  const elements = pictures.flatMap((picture) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(picture.length);
    return [length, picture];
  });
  const {
    raw_output_contents: [bytes],
  } = await client.call<InferResponse>(inferMethod, {
    inputs: [{ name: "images", datatype: "BYTES", shape: [pictures.length] }],
    raw_input_contents: [Buffer.concat(elements)],
  });
  client.close();
  return new Float32Array(Uint8Array.from(bytes as Buffer).buffer);
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

describe("inference/runtime, a second instance of the service", () => {
  let runtime: RunningService;
  let service: RunningService;

  before(async () => {
    const patient = { MODEL_DIR: bundledModel, MAX_QUEUE_WAIT_MS: "30000" };
    runtime = await startService({ ...patient, AUTH: "none" });
    service = await startService({
      ...patient,
      RUNTIME_ADDRESS: runtime.grpcAddress,
      BATCH_SIZES: "4",
    });
  });

  after(async () => {
    await service.stop();
    await runtime.stop();
  });

  for (const name of ["cat.jpg", "espresso.jpg"]) {
    it(`answers the scores of ${name} that the model in process answers, to 1e-5`, async () => {
      const scores = async ({ post }: RunningService) =>
        (await (await post(sample(name))).json()) as [number[]];
      const [[expected], [found]] = [await scores(runtime), await scores(service)];
      assert.equal(found.length, 1000);
      assert.ok(furthest(found, expected) <= 1e-5, `${furthest(found, expected)}`);
    });
  }

  it("answers each picture of a batch its own scores", async () => {
    const pictures = ["espresso.jpg", "cat.jpg", "espresso.jpg", "cat.jpg"].map(sample);
    const [expected, found] = [await infer(runtime, pictures), await infer(service, pictures)];
    assert.equal(found.length, 4000);
    assert.ok(furthest(found, expected) <= 1e-5, `${furthest(found, expected)}`);
    assert.ok(furthest(found.slice(0, 1000), found.slice(1000, 2000)) > 0.5);
  });
});
