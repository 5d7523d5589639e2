import assert from "node:assert/strict";
import path from "node:path";
import { readModelPackage } from "../../components/catalogue/models";
import { contentHash } from "../../components/contentHash";
import { dockerBuild } from "../../components/scoringImage";
import { root } from "../support/paths";
import { bases } from "./bases";
import { check } from "./checks";
import { contentOf } from "./content";
import type { Engine } from "./engine";
import { verifyInside } from "./inside";
import { secretsInLayers } from "./layers";

/** Names of the images that the verification builds. */
export const images = {
  classic: "scoring.local/classic",
  buildkit: "scoring.local/buildkit",
  again: "scoring.local/again",
  base: "scoring.local/base",
  cuda: "scoring.local/cuda",
} as const;

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** What the component passes, for the bundled model. */
function request(variant: "cpu" | "cuda") {
  const contextFolder = path.join(root, "scoring-image");
  const model = readModelPackage(path.join(contextFolder, "models"), "efficientnet-lite0");
  const { hash } = contentHash(contextFolder);
  return dockerBuild({
    contextFolder,
    contextHash: hash,
    // Stand-ins: no registry of images can be reached here. CUDA's own libraries are not needed to refuse to start.
    bases: { ...bases, CUDA_BASE_IMAGE: bases.CPU_BASE_IMAGE },
    variant,
    modelName: model.name,
    model: { source: model, converted: undefined },
    description: "Scoring image with its model",
  });
}

interface Build {
  readonly builder: "classic" | "buildkit";
  readonly image: string;
  readonly variant?: "cpu" | "cuda";
  /** Further arguments of `docker build`. */
  readonly more?: readonly string[];
}

function build(engine: Engine, { builder, image, variant = "cpu", more = [] }: Build): void {
  const { context, dockerfile, target, platform, args } = request(variant);
  const given = Object.entries(args).flatMap(([name, value]) => [
    "--build-arg",
    `${name}=${value}`,
  ]);
  engine.docker(
    ["build", "--network", "host", "-f", dockerfile, "--target", target, "--platform", platform]
      .concat(given)
      .concat(["-t", image, ...more, context]),
    { DOCKER_BUILDKIT: builder === "classic" ? "0" : "1", SOURCE_DATE_EPOCH: "0" },
  );
}

/**
 * Builds the CPU image with both builders: the same content, no secret in it, small.
 * @returns its content, a line a path
 */
export function verifyBuilds(engine: Engine): readonly string[] {
  build(engine, { builder: "classic", image: images.classic });
  build(engine, { builder: "classic", image: images.base, more: ["--target", "cpu-base"] });
  build(engine, { builder: "buildkit", image: images.buildkit });
  const classic = contentOf(engine, images.classic);
  const buildkit = contentOf(engine, images.buildkit);
  assert.deepEqual(buildkit.manifest, classic.manifest);
  check(true, `${classic.manifest.length} paths, modes and hashes are the same with both builders`);
  const secrets = secretsInLayers(engine, images.classic, images.base);
  check(secrets.length === 0, `no secret in any layer over the base ${secrets.join(", ")}`);
  const history = engine.docker(["history", "--no-trunc", images.classic]);
  check(!/KEY=|TOKEN|PASSWORD/.test(history), "no secret in docker history");
  verifyInside(engine, images.buildkit, classic.manifest);
  const size = (image: string) =>
    Number(engine.docker(["inspect", "--format", "{{.Size}}", image]));
  const over = size(images.buildkit) - size(images.base);
  const sizes = `${megabytes(size(images.buildkit))} MB, Debian and Node ${megabytes(size(images.base))} MB`;
  check(over <= 150e6, `image ${sizes}: ${megabytes(over)} MB over its base (at most 150)`);
  return classic.manifest;
}

interface Inspected {
  readonly Id: string;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: object;
}

/** Builds a second time without cache: the same content as `manifest`, layers and settings. */
export function verifyReproducible(engine: Engine, manifest: readonly string[]): void {
  build(engine, { builder: "buildkit", image: images.again, more: ["--no-cache"] });
  assert.deepEqual(contentOf(engine, images.again).manifest, manifest);
  check(true, "a build without cache has the same content");
  const [first, second] = [images.buildkit, images.again].map(
    (image) => JSON.parse(engine.docker(["inspect", "--format", "{{json .}}", image])) as Inspected,
  ) as [Inspected, Inspected];
  assert.deepEqual(second.RootFS.Layers, first.RootFS.Layers);
  assert.deepEqual(second.Config, first.Config);
  check(true, `all ${first.RootFS.Layers.length} layers and the settings are the same, bit by bit`);
  // BuildKit before 0.11, as in Debian's Docker, does not know SOURCE_DATE_EPOCH and writes the time of the build into the image.
  console.log(`--  the same digest: ${first.Id === second.Id}`);
}

/** Builds the CUDA image, on the base of the CPU image. */
export const buildCuda = (engine: Engine): void =>
  build(engine, { builder: "buildkit", image: images.cuda, variant: "cuda" });
