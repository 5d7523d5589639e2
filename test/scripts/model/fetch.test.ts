import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { modelZoo, type ZooModel } from "../../../components/catalogue/modelZoo";
import { readModelPackage } from "../../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "../../../scripts/model/failure";
import { fetchModel } from "../../../scripts/model/fetch";
import { httpServer } from "../../support/httpServer";
import { bundledModel } from "../../support/paths";
import { temporaryFolder } from "../../support/temporaryFolder";

const file = readFileSync(path.join(bundledModel, "model.onnx"));
const resnet50 = modelZoo.find(({ name }) => name === "resnet50") as ZooModel;
/** ResNet-50's entry with the bundled model's bytes: the same input and the same 1000 classes. */
const entry: ZooModel = {
  ...resnet50,
  bytes: file.length,
  sha256: createHash("sha256").update(file).digest("hex"),
};
const progress = { step: () => {}, update: () => {}, end: () => {} };

describe("npm run model -- fetch", () => {
  let models: string;
  beforeEach(() => {
    models = temporaryFolder("models");
  });

  async function fetchFrom(body: Buffer, model = entry) {
    const server = await httpServer((_request, response) => response.end(body));
    const mirrors = [`${server.url}/{stem}/resolve/main/{file}`];
    const patience = { attempts: 1, firstWaitMs: 1, silenceMs: 5000 };
    try {
      const folder = await fetchModel(model, { mirrors, models, progress, patience });
      return { folder, seen: server.seen.map(({ url }) => url) };
    } finally {
      await server.close();
    }
  }

  it("makes a package that the server reads, with the zoo's preprocessing and both worlds' names", async () => {
    const { folder, seen } = await fetchFrom(file);
    assert.deepEqual(seen, ["/resnet50-v1-12/resolve/main/resnet50-v1-12.onnx"]);
    const { input, outputs, name, version } = readModelPackage(folder);
    assert.deepEqual([name, version], ["resnet50", "1"]);
    assert.equal(input.name, "images");
    assert.deepEqual(input.aliases, ["Placeholder:0", "InputImage:0"]);
    assert.equal(input.transform.kernel, "antialiasedBilinear");
    assert.deepEqual(input.transform.mean, [123.675, 116.28, 103.53]);
    const [output] = outputs;
    assert.deepEqual(output?.aliases, [
      "output_alias",
      "classifier/resnet_v1_50/predictions/Softmax:0",
    ]);
    assert.equal(output?.kind, "logits");
    assert.equal(output?.labels?.[287], "lynx, catamount");
    const { files } = JSON.parse(readFileSync(path.join(folder, "model.json"), "utf8")) as {
      readonly files: Readonly<Record<string, string>>;
    };
    const labels = readFileSync(path.join(bundledModel, "labels.txt"));
    assert.deepEqual(files, {
      "model.onnx": entry.sha256,
      "labels.txt": createHash("sha256").update(labels).digest("hex"),
    });
  });

  it("asks nobody for a package that is there", async () => {
    await fetchFrom(file);
    assert.deepEqual((await fetchFrom(file)).seen, []);
  });

  it("leaves a folder of another content alone", async () => {
    mkdirSync(path.join(models, "resnet50"));
    writeFileSync(path.join(models, "resnet50", "model.json"), "{");
    await assert.rejects(fetchFrom(file), /resnet50 exists and is not resnet50-v1-12.onnx/);
  });

  it("makes no package of a wrong file", async () => {
    await assert.rejects(
      fetchFrom(Buffer.alloc(file.length)),
      (error) => error instanceof CommandFailure && /was removed/.test(error.message),
    );
    assert(!existsSync(path.join(models, "resnet50")));
    assert.deepEqual(readdirSync(path.join(models, ".resnet50.partial")), []);
  });

  it("makes no package of a graph that is not what the catalogue says", async () => {
    await assert.rejects(
      fetchFrom(file, { ...entry, side: 300 }),
      /resnet50-v1-12.onnx takes \["N",3,224,224\], not \[N,3,300,300\]/,
    );
    assert(!existsSync(path.join(models, "resnet50")));
  });
});
