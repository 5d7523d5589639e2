import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { leftOut } from "../../components/contentHash";
import { buildArguments } from "../../components/scoringImage";
import { root } from "../support/paths";
import { declarations } from "../support/stack";

const folder = path.join(root, "scoring-image");
const read = (file: string) => readFileSync(path.join(folder, file), "utf8");
const dockerfile = read("Dockerfile");

/** Lines of a stage, from its FROM to the next. */
const stage = (name: string) =>
  dockerfile.split(/^(?=FROM )/m).find((text) => text.split("\n")[0]?.endsWith(` AS ${name}`)) ??
  assert.fail(`no stage ${name}`);

describe("Dockerfile", () => {
  const bases = { NODE_IMAGE: "n", CPU_BASE_IMAGE: "c", CUDA_BASE_IMAGE: "g" };
  const all = buildArguments({
    model: { source: { version: "1", tags: {} }, converted: undefined } as never,
    modelName: "m",
    description: "",
    contextHash: "",
    bases,
  });
  const passed = Object.keys(all).filter((name) => !(name in bases));

  for (const target of ["cpu", "cuda"]) {
    it(`takes in target ${target} every argument that the component passes`, () => {
      const taken = [...stage(target).matchAll(/^ARG (\w+)/gm)].map(([, name]) => name);
      assert.deepEqual(taken.sort(), passed.sort());
    });

    it(`runs ${target} as another user than root, with a health check`, () => {
      assert.match(stage(target), /^USER 10001:10001$/m);
      assert.match(
        stage(target),
        /^HEALTHCHECK .+ CMD \["node", "\/app\/dist\/healthcheck.js"\]$/m,
      );
    });
  }

  it("takes in stage convert what the component passes for a model to convert", () => {
    const source = { version: "1", tags: {} };
    const converted = { ...source, hash: "", recipe: { name: "m" } };
    const args = buildArguments({
      model: { source, converted } as never,
      modelName: "m",
      description: "",
      contextHash: "",
      bases,
    });
    const taken = [...stage("convert").matchAll(/^ARG (\w+)/gm)].map(([, name]) => name);
    const further = Object.keys(args).filter((name) => !(name in all));
    assert.deepEqual(taken.sort(), [...further, "MODEL"].sort());
    assert.equal(args["CONVERSION"], '{"name":"m"}');
  });

  it("pins every base by digest, the settings' defaults the same, and what it downloads by checksum", () => {
    const pinned = [...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(.+)$/gm)];
    for (const [, , base] of pinned)
      assert.match(base ?? "", /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    const defaults = declarations();
    assert.deepEqual(Object.fromEntries(pinned.map(([, name, base]) => [name, base])), {
      NODE_IMAGE: defaults["image.nodeBase"]?.default,
      CPU_BASE_IMAGE: defaults["image.cpuBase"]?.default,
      CUDA_BASE_IMAGE: defaults["image.cudaBase"]?.default,
    });
    assert.match(dockerfile, /^ARG CUDA_LIBRARIES_SHA256=[0-9a-f]{64}$/m);
  });

  it("leaves out of the context what the content hash leaves out", () => {
    const ignored = [...read(".dockerignore").matchAll(/^\*\*\/(.+)$/gm)].map(([, name]) => name);
    assert.deepEqual(ignored.sort(), [...leftOut].sort());
  });

  it("fetches the CUDA provider of the very version of onnxruntime-node", () => {
    const { dependencies } = JSON.parse(read("package.json")) as {
      dependencies: Record<string, string>;
    };
    assert.ok(
      stage("cuda-libraries").includes(`/onnxruntime_gpu-${dependencies["onnxruntime-node"]}-`),
    );
  });
});
