import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { detector } from "../../support/detectors";
import { temporaryFolder } from "../../support/temporaryFolder";

interface Manifest {
  outputs: { name: string; kind: string; shape: unknown[] }[];
  detection: Record<string, unknown>;
}

/** Reads a detector after a change of its model.json. */
function readChanged(
  change: (manifest: Manifest) => void,
  name: Parameters<typeof detector>[0] = "torchvision",
) {
  const folder = temporaryFolder("detector");
  cpSync(detector(name), folder, { recursive: true });
  const file = path.join(folder, "model.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  change(manifest);
  writeFileSync(file, JSON.stringify(manifest));
  return readModelPackage(folder);
}

const refused = (change: (manifest: Manifest) => void, message: RegExp) =>
  assert.throws(() => readChanged(change), { name: "ModelPackageError", message });

describe("model, detection", () => {
  it("adds the decoded tensors to the outputs", () => {
    const { outputs } = readModelPackage(detector("torchvision"));
    assert.deepEqual(
      outputs.map(({ name, dtype, shape }) => [name, dtype, shape]),
      [
        ["boxes", "float32", ["N", 970, 4]],
        ["logits", "float32", ["N", 970, 5]],
        ["decoded_boxes", "float32", ["N", 200, 4]],
        ["decoded_classes", "int32", ["N", 200]],
        ["decoded_scores", "float32", ["N", 200]],
        ["decoded_count", "int32", ["N"]],
      ],
    );
  });

  it("finds the reference's tensors by alias as well", () => {
    const aliases = [6, 7, 8, 9, 10, 11].map((i) => `out_${i}`);
    const renamed = readChanged(({ detection }) => (detection["boxes"] = aliases), "reference");
    assert.deepEqual(renamed.detection, readModelPackage(detector("reference")).detection);
  });

  it("names what is wrong", () => {
    refused(
      ({ detection }) => (detection["boxes"] = ["box"]),
      /detection\.boxes names "box", which outputs does not list/,
    );
    refused(
      ({ outputs }) => ((outputs[1] as { kind: string }).kind = "logits"),
      /detection\.scores names "logits", whose kind is "logits": must be "detections"/,
    );
    refused(
      ({ detection }) => ((detection["scores"] = ["boxes"]), (detection["boxes"] = ["logits"])),
      /detection\.boxes names "logits", whose shape ends in 5: must end in 4/,
    );
    refused(
      ({ detection }) => delete detection["layers"],
      /detection\.boxes has 970 boxes, but detection\.layers has 8732 anchors/,
    );
    refused(
      ({ detection }) => (detection["labels"] = ["background", "one"]),
      /detection\.labels has 2 entries, but the scores have 5 classes/,
    );
    refused(
      ({ detection }) => (detection["scoreThreshold"] = 50),
      /detection\.scoreThreshold is 50: .*<=1/,
    );
    refused(({ detection }) => (detection["preset"] = "yolo"), /detection\.preset is "yolo"/);
  });
});
