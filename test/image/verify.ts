/** `npm run verify:image`: builds the scoring image with both builders, runs it as a platform would, and checks what it promises. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readModelPackage } from "../../components/catalogue/models";
import { contentHash } from "../../components/contentHash";
import { dockerBuild } from "../../components/scoringImage";
import { root, samples } from "../support/paths";
import { bases, makeBases } from "./bases";
import { load } from "./clients";
import { Container, key, url } from "./container";
import { contentOf } from "./content";
import { Engine } from "./engine";

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
let checks = 0;
function check(holds: boolean, what: string): void {
  assert.ok(holds, what);
  checks++;
  console.log(`ok  ${what}`);
}

/** What the component passes, for the bundled model on CPU. */
function request() {
  const contextFolder = path.join(root, "scoring-image");
  const model = readModelPackage(path.join(contextFolder, "models"), "efficientnet-lite0");
  const { hash } = contentHash(contextFolder);
  return dockerBuild({
    contextFolder,
    contextHash: hash,
    // Stand-ins: no registry of images can be reached here.
    bases: { ...bases, CUDA_BASE_IMAGE: "none" },
    variant: "cpu",
    modelName: model.name,
    model: { source: model, converted: undefined },
    description: "Scoring image with its model",
  });
}

function build(engine: Engine, builder: "classic" | "buildkit", tag: string, ...more: string[]) {
  const { context, dockerfile, target, platform, args } = request();
  const given = Object.entries(args).flatMap(([name, value]) => [
    "--build-arg",
    `${name}=${value}`,
  ]);
  engine.docker(
    ["build", "--network", "host", "-f", dockerfile, "--target", target, "--platform", platform]
      .concat(given)
      .concat(["-t", tag, ...more, context]),
    { DOCKER_BUILDKIT: builder === "classic" ? "0" : "1", SOURCE_DATE_EPOCH: "0" },
  );
}

function verifyBuilds(engine: Engine): void {
  build(engine, "classic", "scoring.local/classic");
  build(engine, "classic", "scoring.local/base", "--target", "cpu-base");
  build(engine, "buildkit", "scoring.local/buildkit");
  const classic = contentOf(engine, "scoring.local/classic");
  const buildkit = contentOf(engine, "scoring.local/buildkit");
  assert.deepEqual(buildkit.manifest, classic.manifest);
  check(true, `${classic.manifest.length} paths, modes and hashes are the same with both builders`);
  // Debian's libraries carry keys for testing themselves.
  const ofBase = contentOf(engine, "scoring.local/base").secrets;
  const secrets = classic.secrets.filter((file) => !ofBase.includes(file));
  check(secrets.length === 0, `no secret in any file over the base ${secrets.join(", ")}`);
  const history = engine.docker(["history", "--no-trunc", "scoring.local/classic"]);
  check(!/KEY=|TOKEN|PASSWORD/.test(history), "no secret in docker history");
  const size = (image: string) =>
    Number(engine.docker(["inspect", "--format", "{{.Size}}", `scoring.local/${image}`]));
  const over = size("buildkit") - size("base");
  const sizes = `${megabytes(size("buildkit"))} MB, Debian and Node ${megabytes(size("base"))} MB`;
  check(over <= 150e6, `image ${sizes}: ${megabytes(over)} MB over its base (at most 150)`);

  build(engine, "buildkit", "scoring.local/again", "--no-cache");
  const layers = (image: string) =>
    engine.docker([
      "inspect",
      "--format",
      "{{json .RootFS.Layers}} {{.Id}}",
      `scoring.local/${image}`,
    ]);
  const [first = "", id] = layers("buildkit").split(" ");
  const [second = "", idAgain] = layers("again").split(" ");
  const [a, b] = [first, second].map((text) => JSON.parse(text) as string[]) as [
    string[],
    string[],
  ];
  const same = a.filter((layer, i) => layer === b[i]).length;
  console.log(
    `--  BuildKit twice: ${same} of ${a.length} layers equal, digest equal: ${id === idAgain}`,
  );
  assert.deepEqual(contentOf(engine, "scoring.local/again").manifest, classic.manifest);
  check(true, "a build without cache has the same content");
}

async function verifyScores(): Promise<void> {
  const golden = JSON.parse(
    readFileSync(path.join(root, "test/fixtures/golden/scores.json"), "utf8"),
  ) as { scores: { image: string; top5: [number, number][] }[] };
  for (const { image, top5 } of golden.scores) {
    const response = await fetch(`${url}/score?top=1`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: readFileSync(path.join(root, image)),
    });
    const [[best]] = (await response.json()) as [[{ index: number; label: string }]];
    check(best.index === top5[0]?.[0], `${image} is ${best.label}, as ONNX Runtime in Python says`);
  }
}

async function verifyRun(engine: Engine): Promise<number> {
  const container = await Container.start(engine, "scoring.local/buildkit", 2);
  try {
    check(
      container.readyMs <= 3000,
      `ready ${container.readyMs.toFixed(0)} ms after docker run (at most 3000)`,
    );
    await verifyScores();
    const picture = readFileSync(path.join(samples, "espresso.jpg"));
    await load(8, 3000, picture);
    const loading = load(8, 10_000, picture);
    let peak = 0;
    for (let i = 0; i < 18; i++, await delay(500)) peak = Math.max(peak, container.rss());
    const { answered, lost, refused } = await loading;
    check(lost === 0 && refused === 0, `${answered} answers in 10 s on 2 cores, none lost`);
    check(peak <= 300e6, `RSS under load at most ${megabytes(peak)} MB (at most 300)`);
    check(container.inspect("{{.State.Health.Status}}") === "healthy", "HEALTHCHECK says healthy");
    check(
      !container.traces().includes(key),
      "the key is neither in the log nor in the process list",
    );

    const last = load(8, 20_000, picture);
    await delay(1500);
    container.terminate();
    const tally = await last;
    check(container.exitCode() === 0, "exits with 0 on SIGTERM under load");
    check(tally.lost === 0, `${tally.answered} answered, ${tally.refused} refused, none lost`);
    return answered;
  } finally {
    container.remove();
  }
}

async function verifyQuota(engine: Engine, onTwoCores: number): Promise<void> {
  const container = await Container.start(engine, "scoring.local/buildkit", 1);
  try {
    const picture = readFileSync(path.join(samples, "espresso.jpg"));
    await load(8, 3000, picture);
    const { answered } = await load(8, 10_000, picture);
    const share = answered / (onTwoCores / 2);
    check(
      /"instances":1\b/.test(container.traces()),
      "a quota of one core makes one session worker",
    );
    check(
      share >= 0.9,
      `${answered} answers in 10 s: ${(100 * share).toFixed(0)} % of half (at least 90)`,
    );
  } finally {
    container.remove();
  }
}

async function main(): Promise<void> {
  const engine = await Engine.start();
  try {
    makeBases(engine);
    verifyBuilds(engine);
    await verifyQuota(engine, await verifyRun(engine));
    console.log(`${checks} passed, 0 failed`);
  } finally {
    await engine.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log(`${checks} passed, 1 failed`);
  process.exitCode = 1;
});
