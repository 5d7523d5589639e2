import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { externalDataOf } from "../../../scoring-image/src/model/externalData";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { fixtures } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";
import { tinyManifest, tinyPackage, type TinyModelName } from "../../support/tinyModel";

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const graphOf = (name: TinyModelName) =>
  readFileSync(path.join(fixtures, "models", name, "model.onnx"));

/** Files with weights of the model `external`, as the tool that made it was told. */
const weights = ["model.onnx.data", "weights/branch.data"];

/** A package with weights beside its graph, and the hashes of the files that are named. */
function externalPackage(
  names: readonly string[] = ["model.onnx", ...weights],
  change: object = {},
): string {
  const folder = tinyPackage("external");
  const files = Object.fromEntries(
    names.map((name) => [name, hashOf(readFileSync(path.join(folder, name)))]),
  );
  writeManifest(folder, { files, sha256: undefined, ...change });
  return folder;
}

const writeManifest = (folder: string, change: object) =>
  writeFileSync(
    path.join(folder, "model.json"),
    JSON.stringify({ ...tinyManifest("external"), ...change }),
  );

/** What the server says of a package; nothing when it takes it. */
function refusal(folder: string, hasGraph = true): string | undefined {
  try {
    readModelPackage(folder, hasGraph);
    return undefined;
  } catch (error) {
    assert.equal((error as Error).name, "ModelPackageError");
    return (error as Error).message.replaceAll(folder, "FOLDER");
  }
}

describe("model/externalData", () => {
  it("finds weights beside a graph and beside a branch in it", () => {
    assert.deepEqual(externalDataOf(graphOf("external")), weights);
    for (const name of ["mean-colour", "slow", "fails"] as const) {
      assert.deepEqual(externalDataOf(graphOf(name)), []);
    }
  });

  it("finds those of every part of a graph that a parser would merge", () => {
    const [first, second] = [graphOf("external"), graphOf("mean-colour")];
    assert.deepEqual(externalDataOf(Buffer.concat([first, second])), weights);
    assert.deepEqual(externalDataOf(Buffer.concat([second, first])), weights);
  });
});

describe("model/packageFiles", () => {
  it("takes a package whose files all have their hashes", () => {
    assert.equal(refusal(externalPackage()), undefined);
  });

  for (const name of ["model.onnx", ...weights]) {
    it(`refuses a damaged ${name}`, () => {
      const folder = externalPackage();
      const file = path.join(folder, name);
      const wanted = hashOf(readFileSync(file));
      appendFileSync(file, "x");
      const actual = hashOf(readFileSync(file));
      assert.equal(
        refusal(folder),
        `FOLDER/${name} has sha256 ${actual}, but model.json says ${wanted}; restore the file, or if it was changed on purpose: npm run model -- hash FOLDER`,
      );
    });

    it(`refuses a package without a hash of ${name}`, () => {
      const others = ["model.onnx", ...weights].filter((other) => other !== name);
      assert.equal(
        refusal(externalPackage(others)),
        `FOLDER/model.json has no hash of ${name}, so a damaged one would be served; add it with: npm run model -- hash FOLDER`,
      );
    });

    it(`refuses a package without its ${name}`, () => {
      const folder = externalPackage();
      rmSync(path.join(folder, name));
      assert.equal(
        refusal(folder),
        `FOLDER/${name} does not exist, but model.json lists it; copy the whole package to FOLDER`,
      );
    });
  }

  it("takes the older field where the graph has all its weights, and only there", () => {
    assert.equal(refusal(tinyPackage("mean-colour")), undefined);
    assert.equal(
      refusal(tinyPackage("external")),
      "FOLDER/model.json has no hash of model.onnx.data, so a damaged one would be served; add it with: npm run model -- hash FOLDER",
    );
  });

  it("refuses both fields, and hashes that are none", () => {
    const both = externalPackage(undefined, { sha256: hashOf(graphOf("external")) });
    assert.equal(
      refusal(both),
      "model.json: sha256 and files are both there; files is enough, remove sha256",
    );
    const none = externalPackage([], { files: { "model.onnx": "abc" } });
    assert.equal(
      refusal(none),
      'FOLDER/model.json: files.model.onnx is "abc": must be 64 lower-case hexadecimal digits',
    );
  });

  it("refuses labels that have changed, where they have a hash", () => {
    const folder = externalPackage();
    const labels = path.join(folder, "labels.txt");
    const [output] = tinyManifest("external").outputs;
    const files = Object.fromEntries(
      ["model.onnx", ...weights].map((name) => [
        name,
        hashOf(readFileSync(path.join(folder, name))),
      ]),
    );
    writeFileSync(labels, "red\ngreen\nblue\n");
    files["labels.txt"] = hashOf(readFileSync(labels));
    const outputs = [{ ...output, labels: "labels.txt" }];
    writeManifest(folder, { files, sha256: undefined, outputs });
    assert.equal(refusal(folder), undefined);
    writeFileSync(labels, "red\nblue\ngreen\n");
    assert.match(refusal(folder) ?? "", /^FOLDER\/labels\.txt has sha256 /);
  });

  it("does without files that another runtime holds, but not with damaged ones", () => {
    const folder = externalPackage();
    appendFileSync(path.join(folder, "model.onnx.data"), "x");
    assert.match(refusal(folder, false) ?? "", /^FOLDER\/model\.onnx\.data has sha256 /);
    for (const name of ["model.onnx", ...weights]) rmSync(path.join(folder, name));
    assert.equal(refusal(folder, false), undefined);
    assert.match(refusal(folder) ?? "", /^FOLDER\/model\.onnx does not exist, /);
  });

  // As long as the name that they take the place of.
  for (const location of ["../onnx.dataaaa", "/etc/onnx.dataa", "a/../../nx.data"]) {
    it(`refuses weights at ${location}`, () => {
      const folder = externalPackage();
      const file = path.join(folder, "model.onnx");
      const text = readFileSync(file, "latin1").replace("model.onnx.data", location);
      writeFileSync(file, text, "latin1");
      writeManifest(folder, {
        files: { "model.onnx": hashOf(readFileSync(file)) },
        sha256: undefined,
      });
      assert.equal(
        refusal(folder),
        `FOLDER/model.onnx: the location of external data is "${location}", which lies outside of the package: put the file itself into FOLDER`,
      );
    });
  }

  it("refuses weights, labels and files behind a link that leaves the folder", () => {
    const elsewhere = temporaryFolder("elsewhere");
    const folder = externalPackage();
    const data = path.join(folder, "model.onnx.data");
    cpSync(data, path.join(elsewhere, "data"));
    rmSync(data);
    symlinkSync(path.join(elsewhere, "data"), data);
    assert.equal(
      refusal(folder),
      'model.json: a name in files is "model.onnx.data", which lies outside of the package: put the file itself into FOLDER',
    );
    const inside = externalPackage();
    cpSync(path.join(inside, "model.onnx.data"), path.join(inside, "data"));
    rmSync(path.join(inside, "model.onnx.data"));
    symlinkSync("data", path.join(inside, "model.onnx.data"));
    assert.equal(refusal(inside), undefined);
  });

  it("is the same behind a link to the folder", () => {
    const link = path.join(temporaryFolder("links"), "package");
    symlinkSync(externalPackage(), link);
    assert.equal(refusal(link), undefined);
  });

  const outside = temporaryFolder("outside");
  writeFileSync(path.join(outside, "labels.txt"), "red\ngreen\nblue\n");
  for (const [what, labels] of [
    ["a path upwards", (folder: string) => path.relative(folder, path.join(outside, "labels.txt"))],
    ["an absolute path", () => path.join(outside, "labels.txt")],
    [
      "a link",
      (folder: string) => {
        symlinkSync(path.join(outside, "labels.txt"), path.join(folder, "labels.txt"));
        return "labels.txt";
      },
    ],
    [
      "a folder that is a link",
      (folder: string) => {
        symlinkSync(outside, path.join(folder, "lists"));
        return "lists/labels.txt";
      },
    ],
  ] as const) {
    it(`refuses labels outside of the package by ${what}`, () => {
      const folder = tinyPackage("mean-colour");
      const name = labels(folder);
      const manifest = tinyManifest("mean-colour");
      const [output] = manifest.outputs;
      const outputs = [{ ...output, labels: name }];
      writeFileSync(path.join(folder, "model.json"), JSON.stringify({ ...manifest, outputs }));
      assert.equal(
        refusal(folder),
        `model.json: outputs[0].labels is "${name}", which lies outside of the package: put the file itself into FOLDER`,
      );
    });
  }
});
