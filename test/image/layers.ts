import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readContent } from "./content";
import { run, type Engine } from "./engine";

const layersOf = (engine: Engine, image: string) =>
  JSON.parse(
    engine.docker(["inspect", "--format", "{{json .RootFS.Layers}}", image]),
  ) as readonly string[];

/**
 * Paths of files that hold something like a secret in a layer that an image has over its base, also of those that a later layer hides.
 * The base's own are left out: Debian's libraries carry keys for testing themselves.
 */
export function secretsInLayers(engine: Engine, image: string, base: string): readonly string[] {
  const inherited = layersOf(engine, base);
  assert.deepEqual(layersOf(engine, image).slice(0, inherited.length), inherited);
  const folder = mkdtempSync(path.join(os.tmpdir(), "layers-"));
  engine.shell(`"$docker" save ${image} | tar -C ${folder} -xf -`);
  const [{ Layers: archives }] = JSON.parse(
    readFileSync(path.join(folder, "manifest.json"), "utf8"),
  ) as [{ readonly Layers: readonly string[] }];
  const own = archives.slice(inherited.length);
  assert.ok(own.length > 0, "no layer over the base");
  const found = own.flatMap((archive, i) => {
    const layer = path.join(folder, `layer-${i}`);
    mkdirSync(layer);
    run("tar", ["-C", layer, "-xf", path.join(folder, archive)]);
    return readContent(layer).secrets;
  });
  rmSync(folder, { recursive: true, force: true });
  return found;
}
