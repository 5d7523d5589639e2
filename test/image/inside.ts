import assert from "node:assert/strict";
import { check } from "./checks";
import type { Engine } from "./engine";

/** Package managers, compilers and interpreters that nothing in the image needs; a minimal Debian has Perl of its own. */
const needless = /(?:^|\/)bin\/(?:npm|npx|corepack|yarn|node-gyp|gcc|g\+\+|cc1|make|python3?)$/;

interface Material {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly unknown[];
}

/**
 * What is said about the image is true, and what is in it is needed.
 * @param manifest lines of the image's content
 */
export function verifyInside(engine: Engine, image: string, manifest: readonly string[]): void {
  const paths = manifest.map((line) => line.slice(line.lastIndexOf(" ") + 1));
  const found = paths.filter((path) => needless.test(path));
  check(found.length === 0, `no package manager, no compiler ${found.join(", ")}`);
  const platforms = paths.flatMap((path) => /\/napi-v6\/(\w+\/\w+)\//.exec(path)?.[1] ?? []);
  assert.deepEqual([...new Set(platforms)], ["linux/x64"]);
  check(true, "ONNX Runtime for Linux x64 alone");
  verifyLabels(engine, image);
  verifyMaterials(engine, image, paths);
}

function verifyLabels(engine: Engine, image: string): void {
  const labels = JSON.parse(
    engine.docker(["inspect", "--format", "{{json .Config.Labels}}", image]),
  ) as Record<string, string>;
  const oci = "org.opencontainers.image";
  assert.match(labels[`${oci}.revision`] ?? "", /^[0-9a-f]{64}$/);
  assert.equal(labels[`${oci}.licenses`], "Apache-2.0");
  assert.match(labels[`${oci}.version`] ?? "", /^1-[0-9a-f]{12}$/);
  assert.equal(labels["accelerated-scoring.model"], "efficientnet-lite0");
  check(true, "labels name model, its version, revision and licence");
}

/** The list of materials has every package whose files are in the image, with version and licence. */
function verifyMaterials(engine: Engine, image: string, paths: readonly string[]): void {
  const print = 'require("fs").readFileSync("/app/sbom.cdx.json","utf8")';
  const list = JSON.parse(
    engine.docker(["run", "--rm", "--network", "none", "--entrypoint", "node", image, "-p", print]),
  ) as { bomFormat: string; components: Material[] };
  assert.equal(list.bomFormat, "CycloneDX");
  const listed = new Map(list.components.map((material) => [material.name, material]));
  const packages = paths.flatMap(
    (path) => /^app\/node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  const missing = [...packages, "fastify", "@grpc/grpc-js", "node"].filter(
    (name) => !listed.get(name)?.version,
  );
  assert.deepEqual(missing, []);
  const unlicensed = list.components.filter(({ name, licenses }) => !licenses && name !== "node");
  assert.deepEqual(unlicensed, []);
  check(true, `the list of materials has ${listed.size} packages with version and licence`);
}
