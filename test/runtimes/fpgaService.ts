import assert from "node:assert/strict";
import { programming } from "../support/fpgaService";
import { GrpcTestClient, methodOf } from "../support/grpcClient";
import { plainJpeg } from "../support/pictures";
import { tinyPackage } from "../support/tinyModel";
import { freePort, startScript } from "./processes";
import { restartUnderLoad } from "./restart";
import { startService } from "./service";

const predict = methodOf(
  "tensorflow_serving.proto",
  "tensorflow.serving.PredictionService",
  "Predict",
);
const jpegTensor = {
  dtype: "DT_STRING",
  tensor_shape: { dim: [{ size: 1 }] },
  string_val: [plainJpeg([1, 2, 3])],
};
const request = { inputs: { image: jpegTensor } };
const flashMs = 20_000;
const runMs = 5;

/** The service on an emulated FPGA that is programmed for 20 s after every start, and killed twice under load. */
export async function fpga(): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`;
  const start = () => startScript("fpga.ts", address, String(flashMs), String(runMs));
  let runtime = start();
  const begun = performance.now();
  const service = await startService({
    MODEL_DIR: tinyPackage("mean-colour"),
    RUNTIME_ADDRESS: address,
  });
  const pictures = [plainJpeg([200, 100, 50]), plainJpeg([10, 20, 250])];
  const early = await service.score(pictures[0] as Uint8Array);
  assert.deepEqual([early.status, early.retryAfter], [503, "1"]);
  assert.match(JSON.stringify(early.body), new RegExp(programming));
  assert.ok(early.ms < 1000, `refused only after ${early.ms} ms`);
  const client = new GrpcTestClient(new URL(service.url).host);
  const predicted = () => client.call(predict, request, { metadata: service.headers });
  await assert.rejects(predicted(), { code: 14, details: programming });
  await service.becomes(true, 60_000);
  const readyMs = Math.round(performance.now() - begun);
  assert.ok(readyMs >= flashMs, `ready after ${readyMs} ms`);
  process.stdout.write(
    `FPGA: programmed for ${flashMs} ms, the service ready after ${readyMs} ms\n`,
  );
  await predicted();
  client.close();
  const expected = [];
  for (const picture of pictures) expected.push(await service.score(picture));
  for (const _ of [1, 2]) {
    const report = await restartUnderLoad(service, pictures, expected, {
      kill: async () => {
        assert.doesNotMatch(runtime.output(), /overlapping/, "two requests at a time");
        await runtime.kill();
      },
      start: () => (runtime = start()),
    });
    process.stdout.write(
      `FPGA: killed and programmed again under load: ${JSON.stringify(report)}\n`,
    );
  }
  assert.doesNotMatch(runtime.output(), /overlapping/, "two requests at a time");
  await service.stop();
  await runtime.kill();
}
