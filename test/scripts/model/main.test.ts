import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";
import { tinyManifest, tinyPackage } from "../../support/tinyModel";

function model(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import=tsx", path.join("scripts", "model", "main.ts"), ...args],
    { cwd: root, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

describe("npm run model", function () {
  this.timeout(60_000);

  it("lists the catalogue with the zoo's sizes and hashes, and what is here", () => {
    const { status, stdout } = model("list", "--json");
    assert.equal(status, 0);
    const { catalogue, own } = JSON.parse(stdout) as {
      catalogue: { name: string; bytes: number; sha256: string; here: boolean }[];
      own: string[];
    };
    assert.deepEqual(
      catalogue.map(({ name, bytes }) => [name, bytes]),
      [
        ["resnet50", 102576593],
        ["resnet50-int8", 25816052],
        ["resnet50-qdq", 25753167],
        ["resnet152", 241816206],
        ["densenet121", 32726877],
        ["densenet121-int8", 8901304],
        ["vgg16", 553437752],
        ["vgg16-int8", 138407238],
        ["ssd", 80366315],
      ],
    );
    assert(own.includes("efficientnet-lite0"));
  });

  it("refuses what it does not know with exit code 2", () => {
    const unknown = model("train");
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /^there is no verb "train"\n/);
    const option = model("list", "--colour");
    assert.equal(option.status, 2);
    assert.match(option.stderr, /Unknown option '--colour'/);
    const name = model("fetch", "alexnet");
    assert.equal(name.status, 2);
    assert.match(name.stderr, /^the catalogue has no alexnet, only resnet50, /);
  });

  it("refuses a precision that a verb cannot make, and options that belong to another", () => {
    const convert = ["convert", "saved_model", "--name", "x"];
    const cases: readonly (readonly [readonly string[], string])[] = [
      [
        ["quantize", "x", "--precision", "bfloat16"],
        "--precision is bfloat16: must be int8 or float16",
      ],
      [["quantize", "x"], "--calibrate is missing"],
      [
        ["quantize", "x", "--precision", "float16", "--calibrate", "samples"],
        "--calibrate is for int8: float16 needs no ranges",
      ],
      [[...convert, "--precision", "int8"], "--precision is int8: must be float32 or float16"],
      [[...convert, "--agreement", "0.9"], "--check and --agreement need --precision float16"],
      [
        [...convert, "--precision", "float16", "--agreement", "2"],
        "--agreement is 2: must be above 0, at most 1",
      ],
    ];
    for (const [args, line] of cases) {
      const { status, stderr } = model(...args);
      assert.deepEqual([status, stderr], [2, `${line}\n`]);
    }
  });

  it("refuses a mirror that is no address", () => {
    const { status, stderr } = model("fetch", "ssd", "--mirror", "/srv/models");
    assert.deepEqual(
      [status, stderr],
      [
        2,
        '--mirror is "/srv/models": must be an address such as https://mirror.example/models or https://mirror.example/{file}\n',
      ],
    );
  });

  it("says which file or folder the system refuses", () => {
    const file = path.join(temporaryFolder("models"), "file");
    writeFileSync(file, "");
    for (const [verb, call] of [
      [["list"], `scandir '${file}'`],
      [["fetch", "ssd"], `mkdir '${path.join(file, ".ssd.partial")}'`],
    ] as const) {
      const { status, stderr } = model(...verb, "--models", file);
      assert.deepEqual([status, stderr], [7, `ENOTDIR: not a directory, ${call}\n`]);
    }
  });

  it("makes a package with an entry script, or says what is wrong with its name", () => {
    const models = temporaryFolder("new");
    const { status, stdout } = model("new", "my-model", "--models", models, "--json");
    assert.equal(status, 0);
    const folder = path.join(models, "my-model");
    assert.deepEqual(JSON.parse(stdout), { folder, script: path.join(folder, "score.mjs") });
    assert(existsSync(path.join(folder, "score.mjs")));
    assert(existsSync(path.join(folder, "model.onnx")));
    const wrong = model("new", "My_Model", "--models", models);
    assert.deepEqual(
      [wrong.status, wrong.stderr],
      [2, 'the name "My_Model" must be lower-case letters, digits and hyphens\n'],
    );
  });

  it("writes the hashes of a package's files, also of weights beside its graph", () => {
    const folder = tinyPackage("external");
    const at = (name: string) => path.join(folder, name);
    writeFileSync(at("labels.txt"), "red\ngreen\nblue\n");
    const manifest = tinyManifest("external");
    const outputs = [{ ...manifest.outputs[0], kind: "logits", labels: "labels.txt" }];
    writeFileSync(at("model.json"), JSON.stringify({ ...manifest, outputs }));
    const { status, stdout, stderr } = model("hash", folder, "--json");
    assert.deepEqual([status, stderr], [0, ""]);
    const names = ["model.onnx", "model.onnx.data", "weights/branch.data", "labels.txt"];
    const files = Object.fromEntries(
      names.map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(at(name)))
          .digest("hex"),
      ]),
    );
    assert.deepEqual(JSON.parse(stdout), { folder, files });
    const written = JSON.parse(readFileSync(at("model.json"), "utf8")) as object;
    const expected = { ...manifest, outputs, sha256: undefined, files };
    assert.deepEqual(written, JSON.parse(JSON.stringify(expected)));
    appendFileSync(at("weights/branch.data"), "x");
    const copied = model("new", "changed", "--from", folder, "--models", temporaryFolder("m"));
    assert.equal(copied.status, 3);
    assert.match(copied.stderr, /weights\/branch\.data has sha256 .*: npm run model -- hash /);
  });

  it("has no hashes for what is no package", () => {
    const folder = temporaryFolder("none");
    const { status, stderr } = model("hash", folder);
    assert.deepEqual([status, stderr], [2, `${folder} holds no model.json\n`]);
    const broken = tinyPackage("mean-colour", { ...tinyManifest("mean-colour"), version: "v1" });
    const refused = model("hash", broken);
    assert.deepEqual(
      [refused.status, refused.stderr],
      [3, `${broken}/model.json: version is "v1": must be a whole number in quotes, such as "1"\n`],
    );
  });

  it("explains itself", () => {
    const { status, stdout } = model("--help");
    assert.equal(status, 0);
    for (const verb of [
      "list",
      "fetch",
      "inspect",
      "convert",
      "quantize",
      "verify",
      "hash",
      "new",
    ]) {
      assert.match(stdout, new RegExp(`^ {2}${verb} `, "m"));
    }
    assert.match(model("convert", "--help").stdout, /^npm run model -- convert PATH --name N /);
  });
});
