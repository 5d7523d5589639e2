import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { writeHashes } from "../../../scripts/model/packageHashes";
import { writePackage } from "../../../scripts/model/smallerPackage";
import { fixtures } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";
import { tinyManifest, tinyPackage } from "../../support/tinyModel";

describe("npm run model -- quantize, the package that it writes", () => {
  it("has the hash of the new graph, and none of the old one's weights", () => {
    const source = tinyPackage("external");
    writeHashes(source);
    const target = path.join(temporaryFolder("smaller"), "smaller");
    const onnx = path.join(fixtures, "models", "mean-colour", "model.onnx");
    writePackage(source, target, { onnx, weights: "fewer", report: { views: 1 } });
    for (const name of ["model.onnx.data", "weights/branch.data"]) {
      assert.equal(existsSync(path.join(target, name)), false);
      assert.equal(existsSync(path.join(source, name)), true);
    }
    const { files, name, tags } = JSON.parse(
      readFileSync(path.join(target, "model.json"), "utf8"),
    ) as Record<string, object>;
    assert.deepEqual(
      [files, name, tags],
      [{ "model.onnx": tinyManifest("mean-colour").sha256 }, "smaller", { weights: "fewer" }],
    );
    assert.equal(readModelPackage(target).name, "smaller");
  });
});
