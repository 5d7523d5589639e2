/**
 * `npm run verify:image-conversion`: the image's build converts a SavedModel, and installs what an entry script needs; both images run and
 * answer. Root and Debian, as `npm run verify:image`; the SavedModel and what it answers come from TensorFlow, so Python is needed here too.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readDeployedModel } from "../../components/catalogue/modelSources";
import { contentHash } from "../../components/contentHash";
import { dockerBuild } from "../../components/scoringImage";
import { newPackage } from "../../scripts/model/newPackage";
import { photographs, python, topFive } from "../conversion/tools";
import { bundledModel, root, samples } from "../support/paths";
import { bases, makeBases } from "./bases";
import { Container, key, url } from "./container";
import { contentOf } from "./content";
import { Engine, run } from "./engine";

const script = `import ms from "ms";

export async function run(request, model) {
  const outputs = await model.predict(await request.arrayBuffer());
  const [{ name }] = model.outputs;
  return { classes: outputs[name].data.length, twoDays: ms("2 days") };
}
`;

let checks = 0;
function check(holds: boolean, what: string): void {
  assert.ok(holds, what);
  checks++;
  console.log(`ok  ${what}`);
}

/** Builds a model of the context as the component `ScoringImage` would, and returns the tag. */
function build(engine: Engine, contextFolder: string, modelName: string): string {
  const stated = { version: "1", description: "", tags: {}, input: "images:0" };
  const model = readDeployedModel(path.join(contextFolder, "models"), modelName, stated);
  const { hash } = contentHash(contextFolder);
  const { context, dockerfile, target, platform, args } = dockerBuild({
    ...{ contextFolder, contextHash: hash, variant: "cpu", modelName, model },
    // Stand-ins: no registry of images is needed here.
    bases: { ...bases, CUDA_BASE_IMAGE: "none" },
    description: "Scoring image with its model",
  });
  const given = Object.entries(args).flatMap(([name, value]) => [
    "--build-arg",
    `${name}=${value}`,
  ]);
  const tag = `scoring.local/${modelName}`;
  const began = Date.now();
  engine.docker(
    ["build", "--network", "host", "-f", dockerfile, "--target", target, "--platform", platform]
      .concat(given)
      .concat(["-t", tag, context]),
    { DOCKER_BUILDKIT: "1" },
  );
  console.log(`--  ${modelName} built in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  return tag;
}

async function score(file: string): Promise<unknown> {
  const response = await fetch(`${url}/score`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: readFileSync(file),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as unknown;
}

async function running(engine: Engine, image: string, use: () => Promise<void>): Promise<void> {
  const container = await Container.start(engine, image, 2);
  try {
    await use();
  } finally {
    container.remove();
  }
}

async function verifyConversion(engine: Engine, contextFolder: string): Promise<void> {
  const saved = path.join(contextFolder, "models", "saved");
  await python("make_networks.py", "jpeg-tf1", samples, saved);
  const { output_alias: expected = [] } = JSON.parse(
    await python("answers.py", saved, "output_alias", "--pictures", ...photographs),
  ) as Record<string, number[][]>;
  const image = build(engine, contextFolder, "saved");
  const paths = contentOf(engine, image).manifest.map((line) => line.split(" ").at(-1) ?? "");
  check(
    paths.includes("app/model/conversion.json") &&
      !paths.some((file) => /site-packages|python3/.test(file)),
    "the image has the converted package and no Python",
  );
  await running(engine, image, async () => {
    for (const [i, file] of photographs.entries()) {
      const [row = []] = (await score(file)) as number[][];
      assert.deepEqual(topFive(row), topFive(expected[i] ?? []));
      check(true, `${path.basename(file)}: TensorFlow's own top five`);
    }
  });
}

async function verifyScript(engine: Engine, contextFolder: string): Promise<void> {
  const folder = path.join(contextFolder, "models", "scripted");
  newPackage(bundledModel, folder);
  writeFileSync(path.join(folder, "score.mjs"), script);
  run("npm", ["install", "--package-lock-only", "--no-audit", "ms@2.1.3"], { cwd: folder });
  await running(engine, build(engine, contextFolder, "scripted"), async () => {
    const answer = await score(path.join(samples, "cat.jpg"));
    assert.deepEqual(answer, { classes: 1000, twoDays: 172_800_000 });
    check(true, "the entry script answers, with its locked package");
  });
}

async function main(): Promise<void> {
  const contextFolder = mkdtempSync(path.join(os.tmpdir(), "context-"));
  cpSync(path.join(root, "scoring-image"), contextFolder, {
    recursive: true,
    filter: (file) => !["node_modules", "dist"].includes(path.basename(file)),
  });
  const engine = await Engine.start();
  try {
    makeBases(engine);
    await verifyConversion(engine, contextFolder);
    await verifyScript(engine, contextFolder);
    console.log(`${checks} passed, 0 failed`);
  } finally {
    await engine.stop();
    rmSync(contextFolder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log(`${checks} passed, 1 failed`);
  process.exitCode = 1;
});
