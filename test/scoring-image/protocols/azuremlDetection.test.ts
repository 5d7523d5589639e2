import assert from "node:assert/strict";
import type { Detection } from "../../../scoring-image/src/inference/detections";
import { boxDetector, featurizer } from "../../support/tinyModel";
import { detector, differences, golden, shapes, type GoldenBox } from "../../support/detectors";
import { fixtureImage, plainJpeg } from "../../support/pictures";
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

  it("answers the zoo's boxes in pixels of the upright picture", async () => {
    running = await startService({ MODEL_DIR: boxDetector() });
    const corner = { left: 320, top: 213.5, right: 640, bottom: 427 };
    const wide = await running.post(plainJpeg([250, 250, 250], 640, 427));
    const [[red, second] = []] = (await wide.json()) as Detection[][];
    assert.deepEqual(red?.box, { left: 160, top: 0, right: 320, bottom: 320.25 });
    assert.deepEqual([red?.label, red?.index], ["red", 1]);
    assert.ok(Math.abs((red?.score ?? 0) - 250 / 255) < 1e-6);
    assert.deepEqual(second, { label: "corner", index: 2, score: 0.75, box: corner });
    const black = await running.post(plainJpeg([0, 0, 0], 640, 427));
    assert.deepEqual(((await black.json()) as Detection[][])[0], [second]);
    // The same picture stored upright and turned by a quarter.
    const boxes = async (name: string) =>
      ((await (await running.post(fixtureImage(name))).json()) as Detection[][])[0]?.find(
        ({ label }) => label === "corner",
      )?.box;
    assert.deepEqual(await boxes("exif-6.jpg"), await boxes("exif-1.jpg"));
    const { left, top, right, bottom } = (await boxes("exif-1.jpg")) ?? {
      left: 0,
      top: 0,
      right: 0,
      bottom: 0,
    };
    assert.deepEqual([2 * left, 2 * top], [right, bottom]);
    assert.notEqual(right, bottom);
  });

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

describe("protocols/azureml, featurizers", () => {
  let running: RunningService;
  afterEach(() => running.stop());

  it("answers features of shape [1,1,1,c] nested four deep", async () => {
    running = await startService({ MODEL_DIR: featurizer(false) });
    const answer: unknown = await (await running.post(plainJpeg([100, 100, 100]))).json();
    assert.deepEqual(answer, [[[[100, 100, 100]]]]);
  });

  it("answers several outputs by name, each with its own shape", async () => {
    running = await startService({ MODEL_DIR: featurizer(true) });
    const answer: unknown = await (await running.post(plainJpeg([100, 100, 100]))).json();
    assert.deepEqual(answer, { features: [[[[100, 100, 100]]]], brightest: [[100, 100, 100]] });
  });
});
