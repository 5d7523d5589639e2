import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { newPackage } from "../../../scripts/model/newPackage";
import { bundledModel } from "../../support/paths";
import { plainJpeg } from "../../support/pictures";
import { startService } from "../../support/service";
import { temporaryFolder } from "../../support/temporaryFolder";
import { colourClassifier, tinyPackage } from "../../support/tinyModel";

describe("npm run model -- new", () => {
  it("makes a package that is served by its script", async () => {
    const folder = path.join(temporaryFolder("new"), "my-model");
    newPackage(colourClassifier("probabilities"), folder);
    const running = await startService({ MODEL_DIR: folder, AUTH: "none" });
    try {
      assert.equal(running.service.model.name, "my-model");
      const response = await running.post(plainJpeg([1, 1, 250]));
      const answer = (await response.json()) as { label: string; value: number };
      assert.equal(answer.label, "blue");
      assert.ok(answer.value > 0.99);
      const get = await running.post(null, { method: "GET" });
      assert.deepEqual([get.status, await get.text()], [405, "GET is not supported"]);
    } finally {
      await running.stop();
    }
  });

  it("writes a script that its types allow", () => {
    const folder = path.join(temporaryFolder("new"), "typed");
    newPackage(colourClassifier("probabilities"), folder);
    const program = ts.createProgram([path.join(folder, "score.mjs")], {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
      strict: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
      types: [],
    });
    const messages = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    assert.deepEqual(messages, []);
  });

  it("writes the hashes of what it copies, in place of the older field", () => {
    const folder = path.join(temporaryFolder("new"), "hashed");
    const source = tinyPackage("mean-colour");
    newPackage(source, folder);
    const made = JSON.parse(readFileSync(path.join(folder, "model.json"), "utf8")) as object;
    const { sha256, ...rest } = JSON.parse(
      readFileSync(path.join(source, "model.json"), "utf8"),
    ) as { readonly sha256: string };
    const files = { "model.onnx": sha256 };
    assert.deepEqual(made, { ...rest, name: "hashed", version: "1", files });
  });

  it("refuses what would not be a package", () => {
    const folder = temporaryFolder("new");
    assert.throws(() => newPackage(bundledModel, path.join(folder, "My_Model")), {
      message: 'the name "My_Model" must be lower-case letters, digits and hyphens',
    });
    assert.throws(() => newPackage(folder, path.join(folder, "model")), /holds no model\.json/);
    assert.throws(() => newPackage(bundledModel, bundledModel), /exists already/);
  });
});
