// Puts together what the image runs: the bundle, the native packages it leaves out, for this platform alone, and the
// list of materials (CycloneDX). Modes and times are the same wherever it runs, so that the image's content is too.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { nativePackages } from "./nativePackages.mjs";

const source = path.join(import.meta.dirname, "..");
const target = process.argv[2];
if (!target) throw new Error("usage: node assemble.mjs FOLDER");

/** Dependencies that a package needs to be installed or compiled, not to run. */
const notAtRunTime = new Set(["adm-zip", "global-agent", "cmake-js", "node-addon-api"]);
const platform = `${process.platform}-${process.arch}`;
const platforms = /(?:^|[-/])(?:win32|darwin|freebsd|linux|linuxmusl|webcontainers)(?=[-/])/;

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const packageFolder = (name) => path.join(source, "node_modules", name);

/** The packages that these need at run time, themselves included; optional ones only if they are installed. */
function closure(names, found = new Set()) {
  for (const name of names) {
    const manifest = path.join(packageFolder(name), "package.json");
    if (found.has(name) || notAtRunTime.has(name) || !existsSync(manifest)) continue;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = readJson(manifest);
    closure([...Object.keys(dependencies), ...Object.keys(optionalDependencies)], found);
  }
  return found;
}

/** koffi brings its sources, those of libraries that it is made of, and its manual; this is what it loads beside its binary package. */
const ofKoffi =
  /^(?:package\.json|LICENSE\.txt|index\.cjs|src\/koffi\/index\.cjs|src\/koffi\/src\/\w+\.cjs)$/;

/** Whether a file of a package is there to be run here: no sources, types, maps, install scripts or other platforms' libraries. */
function isUsed(file, name) {
  if (name === "koffi") return ofKoffi.test(file);
  if (/\.(?:map|ts|cts|mts|mjs|cc|h|gyp)$/.test(file)) return false;
  if (
    /(?:^|\/)(?:src|script|install|bin\/[^/]+\.mjs|glib-2\.0|esm)(?:\/|$)|CMakeLists|musl/.test(
      file,
    )
  )
    return false;
  return (
    !platforms.test(file) ||
    file.replace("/", "-").includes(platform) ||
    file.includes(platform.replace("-", "/"))
  );
}

const walk = (folder, prefix = "") =>
  readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const relative = path.posix.join(prefix, entry.name);
    if (entry.name === "node_modules") return [];
    return entry.isDirectory() ? walk(folder, relative) : [relative];
  });

function copy(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Names and versions of the packages that the bundle was made of. */
function bundled() {
  const folders = readJson(path.join(source, "dist", "inputs.json")).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [],
  );
  return [...new Set(folders)].map((folder) => {
    const { name, version } = readJson(path.join(source, folder, "package.json"));
    return `${name}@${version}`;
  });
}

/** npm's CycloneDX list of the lockfile, cut down to what is in the image, without the two fields that change at every call. */
function materials(copied) {
  const { stdout, stderr, status } = spawnSync(
    "npm",
    ["sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only"],
    { cwd: source, encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  const { serialNumber, ...list } = JSON.parse(stdout);
  const { timestamp, ...metadata } = list.metadata;
  const versions = [...copied].map((name) => {
    const { version } = readJson(path.join(packageFolder(name), "package.json"));
    return `${name}@${version}`;
  });
  const present = new Set([...versions, ...bundled()]);
  const node = {
    "bom-ref": `node@${process.versions.node}`,
    type: "platform",
    name: "node",
    version: process.versions.node,
    purl: `pkg:generic/node@${process.versions.node}`,
  };
  const components = list.components.filter((item) => present.has(`${item.name}@${item.version}`));
  const refs = new Set([
    metadata.component["bom-ref"],
    ...components.map((item) => item["bom-ref"]),
  ]);
  const dependencies = list.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((on) => refs.has(on)) }));
  return { ...list, metadata, components: [...components, node], dependencies };
}

for (const file of walk(path.join(source, "dist")).filter(
  (name) => !/\.map$|^inputs\.json$/.test(name),
)) {
  copy(path.join(source, "dist", file), path.join(target, "dist", file));
}
const copied = closure(nativePackages);
for (const name of copied) {
  for (const file of walk(packageFolder(name)).filter((one) => isUsed(one, name))) {
    copy(path.join(packageFolder(name), file), path.join(target, "node_modules", name, file));
  }
}
writeFileSync(
  path.join(target, "sbom.cdx.json"),
  `${JSON.stringify(materials(copied), null, 1)}\n`,
);

const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
for (const entry of [...readdirSync(target, { recursive: true }), "."].reverse()) {
  const file = path.join(target, entry);
  chmodSync(file, statSync(file).isDirectory() ? 0o755 : 0o644);
  utimesSync(file, epoch, epoch);
}
