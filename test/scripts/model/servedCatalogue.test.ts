/** Catalogue models whose answers need more than their logits: tiny graphs with the zoo's own tensors in their place. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { modelZoo, type ZooModel } from "../../../components/catalogue/modelZoo";
import type { Detection } from "../../../scoring-image/src/inference/detections";
import { fetchModel } from "../../../scripts/model/fetch";
import { GrpcTestClient } from "../../support/grpcClient";
import { httpServer } from "../../support/httpServer";
import { fixtures } from "../../support/paths";
import { plainJpeg } from "../../support/pictures";
import { startService, type RunningService } from "../../support/service";
import { strings, tensorflow, type PredictAnswer } from "../../support/tensorflow";
import { temporaryFolder } from "../../support/temporaryFolder";

/** Fetches the tiny graph as the catalogue's model of that name, and serves the package. */
async function serveFetched(name: string, fixture: string): Promise<RunningService> {
  const file = readFileSync(path.join(fixtures, "models", fixture, "model.onnx"));
  const sha256 = createHash("sha256").update(file).digest("hex");
  const entry = modelZoo.find((model) => model.name === name) as ZooModel;
  const server = await httpServer((_request, response) => response.end(file));
  try {
    const folder = await fetchModel(
      { ...entry, side: 8, bytes: file.length, sha256 },
      {
        mirrors: [server.url],
        models: temporaryFolder("models"),
        progress: { step: () => {}, update: () => {}, end: () => {} },
        patience: { attempts: 1, firstWaitMs: 1, silenceMs: 5000 },
      },
    );
    return await startService({ MODEL_DIR: folder, AUTH: "none" });
  } finally {
    await server.close();
  }
}

describe("a fetched model of the catalogue, served", () => {
  let running: RunningService;
  afterEach(() => running.stop());

  it("ssd answers COCO's names and boxes in pixels of the picture", async () => {
    running = await serveFetched("ssd", "boxes");
    const answer = await running.post(plainJpeg([128, 128, 128], 640, 400));
    const [[best] = []] = (await answer.json()) as Detection[][];
    assert.deepEqual(best, {
      label: "bicycle",
      index: 2,
      score: 0.75,
      box: { left: 320, top: 200, right: 640, bottom: 400 },
    });
    assert.deepEqual(running.service.model.detection?.labels?.slice(78), [
      "teddy bear",
      "hair drier",
      "toothbrush",
    ]);
  });

  it("densenet121, whose logits are [1,1000,1,1], answers the reference's clients [n,1000] probabilities", async () => {
    running = await serveFetched("densenet121", "densenet");
    const client = new GrpcTestClient(running.grpcAddress);
    // The zoo's preprocessing of one colour, and the softmax over it and 997 zeros.
    const colour = [250, 5, 10] as const;
    const mean = [0.485, 0.456, 0.406];
    const deviation = [0.229, 0.224, 0.225];
    const weights = colour.map((value, c) =>
      Math.exp((value / 255 - (mean[c] as number)) / (deviation[c] as number)),
    );
    const sum = weights.reduce((a, b) => a + b, 997);
    try {
      for (const [input, output] of [
        ["images", "output_alias"],
        ["Placeholder:0", "classifier/densenet121/predictions/Softmax:0"],
      ] as const) {
        const inputs = { [input]: strings(plainJpeg(colour), plainJpeg(colour)) };
        const { outputs } = await client.call<PredictAnswer>(tensorflow.predict, { inputs });
        const tensor = outputs[output];
        const dims = tensor?.tensor_shape.dim.map(({ size }) => Number(size));
        assert.deepEqual(dims, [2, 1000]);
        for (const [c, weight] of weights.entries()) {
          for (const found of [tensor?.float_val[c], tensor?.float_val[1000 + c]]) {
            assert(Math.abs((found ?? 0) - weight / sum) < 1e-5, `${c}: ${found}`);
          }
        }
      }
    } finally {
      client.close();
    }
    const path = "/v1/models/densenet121/metadata";
    const response = await fetch(`${running.url}${path}`);
    const text = JSON.stringify(await response.json());
    assert.match(text, /"output_alias":\{[^[]*"dim":\[\{"size":"-1","name":""\},\{"size":"1000"/);
    assert.doesNotMatch(text, /"size":"1"/);
  });
});
