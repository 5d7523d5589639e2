import assert from "node:assert/strict";
import type { Detection } from "../../../scoring-image/src/inference/detections";
import { detector, differences, golden, shapes, type GoldenBox } from "../../support/detectors";
import { startService, type RunningService } from "../../support/service";

describe("protocols/azureml, detectors", () => {
  let running: RunningService;
  afterEach(() => running.stop());

  for (const name of ["torchvision", "reference"] as const) {
    it(`finds what ${name === "reference" ? "TensorFlow" : "torchvision"} finds`, async () => {
      running = await startService({ MODEL_DIR: detector(name) });
      const response = await running.post(shapes());
      const [found = []] = (await response.json()) as Detection[][];
      const expected = golden<GoldenBox[]>(name);
      assert.equal(found.length, expected.length);
      const { score, pixels } = differences(found, expected);
      assert.ok(score < 1e-4, `scores differ by ${score}`);
      assert.ok(pixels < 0.01, `boxes differ by ${pixels} pixels`);
      const scores = found.map((detection) => detection.score);
      assert.deepEqual(
        scores,
        scores.toSorted((a, b) => b - a),
      );
    });
  }

  it("answers the best boxes with their labels", async () => {
    running = await startService({ MODEL_DIR: detector("torchvision") });
    const response = await running.post(shapes(), { path: "/score?top=2" });
    const [found = []] = (await response.json()) as Detection[][];
    assert.equal(found.length, 2);
    assert.deepEqual(
      found.map(({ label, index }) => [label, index]),
      [
        ["one", 1],
        ["one", 1],
      ],
    );
    assert.deepEqual(Object.keys(found[0]?.box ?? {}), ["left", "top", "right", "bottom"]);
  });
});
