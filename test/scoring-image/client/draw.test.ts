import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import sharp from "../../../scoring-image/node_modules/sharp";
import { runScore } from "../../support/runScore";
import { fixtureImage, plainJpeg } from "../../support/pictures";
import { primaryKey, startService, type RunningService } from "../../support/service";
import { temporaryFolder } from "../../support/temporaryFolder";
import { boxDetector, colourClassifier } from "../../support/tinyModel";

describe("npm run score, detectors", () => {
  const folder = temporaryFolder("draw");
  let running: RunningService;
  afterEach(() => running.stop());

  const score = (...args: string[]) =>
    runScore(folder, ["--url", running.url, "--key", primaryKey, ...args]);

  it("prints boxes and draws them on the upright picture", async () => {
    running = await startService({ MODEL_DIR: boxDetector() });
    writeFileSync(path.join(folder, "turned.jpg"), fixtureImage("exif-6.jpg"));
    const { code, stdout } = await score("turned.jpg", "--draw", "out.png");
    assert.equal(code, 0);
    assert.match(stdout, /\n {2}corner +75\.0 % {2}\d+ x \d+ at \d+, \d+\n/);
    const upright = await sharp(fixtureImage("exif-1.jpg")).metadata();
    const { data, info } = await sharp(readFileSync(path.join(folder, "out.png")))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    assert.deepEqual([width, height, channels], [upright.width, upright.height, 3]);
    // The box of class 2 reaches from the centre to the lower right; its left side is drawn in the third colour.
    const at = channels * (Math.round(0.9 * height) * width + Math.round(0.5 * width));
    assert.deepEqual([...data.subarray(at, at + 3)], [0x00, 0x9e, 0x73]);
  });

  it("prints boxes as JSON", async () => {
    running = await startService({ MODEL_DIR: boxDetector() });
    writeFileSync(path.join(folder, "black.jpg"), plainJpeg([0, 0, 0]));
    const { stdout } = await score("black.jpg", "--json");
    const [entry] = JSON.parse(stdout) as { top: { label: string }[] }[];
    assert.deepEqual(
      entry?.top.map(({ label }) => label),
      ["corner"],
    );
  });

  it("refuses to draw classes, or several pictures", async () => {
    running = await startService({ MODEL_DIR: colourClassifier("logits") });
    writeFileSync(path.join(folder, "red.jpg"), plainJpeg([250, 0, 0]));
    const classes = await score("red.jpg", "--draw", "classes.png");
    assert.equal(classes.code, 2);
    assert.match(classes.stderr, /--draw needs a detector: this service's model finds no boxes/);
    const several = await score("red.jpg", "red.jpg", "--draw", "several.png");
    assert.equal(several.code, 2);
    assert.match(several.stderr, /--draw takes exactly one file/);
  });
});
