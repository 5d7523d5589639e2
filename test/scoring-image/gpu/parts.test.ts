import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { partsOf, splitFile, unpackScript } from "../../../scoring-image/gpu/bundle/parts";
import { temporaryFolder } from "../../support/temporaryFolder";

const content = randomBytes(5000);

/** A folder with an archive in parts of 2000 bytes, and the script that unpacks them. */
function makeParts() {
  const folder = temporaryFolder("parts");
  mkdirSync(path.join(folder, "tree/inner"), { recursive: true });
  writeFileSync(path.join(folder, "tree/inner/file"), content);
  const archive = path.join(folder, "a.tar.xz");
  // Python unpacks where there is no xz, and packs here.
  const pack = "import sys, tarfile\ntarfile.open(sys.argv[1], 'w:xz').add(sys.argv[2], 'inner')";
  execFileSync("python3", ["-c", pack, archive, path.join(folder, "tree/inner")]);
  writeFileSync(path.join(folder, "a.tar.xz.part-09"), "left from an earlier time");
  const parts = splitFile(archive, 2000);
  rmSync(archive);
  writeFileSync(path.join(folder, "unpack.sh"), unpackScript([parts]), { mode: 0o755 });
  return { folder, archive, parts };
}

const unpack = (folder: string, env = process.env) =>
  spawnSync(path.join(folder, "unpack.sh"), ["out"], { cwd: folder, encoding: "utf8", env });

describe("gpu/ parts of the bundle", () => {
  it("are as large as allowed, and none is left of an earlier time", () => {
    const { folder, archive, parts } = makeParts();
    const names = readdirSync(folder).filter((name) => name.includes(".part-"));
    assert.deepEqual(names, ["a.tar.xz.part-01", "a.tar.xz.part-02", "a.tar.xz.part-03"]);
    const sizes = names.map((name) => readFileSync(path.join(folder, name)).length);
    assert.deepEqual(sizes.slice(0, 2), [2000, 2000]);
    assert.deepEqual(partsOf(archive), parts);
  });

  it("are joined and unpacked once all are there", () => {
    const { folder } = makeParts();
    renameSync(path.join(folder, "a.tar.xz.part-02"), path.join(folder, "elsewhere"));
    const early = unpack(folder);
    assert.deepEqual([early.status, early.stderr], [3, "missing: a.tar.xz.part-02\n"]);
    renameSync(path.join(folder, "elsewhere"), path.join(folder, "a.tar.xz.part-02"));
    assert.equal(unpack(folder).status, 0);
    assert.deepEqual(readFileSync(path.join(folder, "out/inner/file")), content);
  });

  it("are unpacked without xz as well", () => {
    const { folder } = makeParts();
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    for (const tool of ["cat", "mkdir", "dirname", "sha256sum"]) {
      const where = execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
      symlinkSync(where.trim(), path.join(bin, tool));
    }
    // Not what the shell finds: that may be a script which needs other tools.
    const python = ["-c", "import sys; print(sys.executable)"];
    const where = execFileSync("python3", python, { encoding: "utf8" });
    symlinkSync(where.trim(), path.join(bin, "python3"));
    const script = path.join(folder, "unpack.sh");
    const options = { cwd: folder, env: { ...process.env, PATH: bin } };
    const { status, stderr } = spawnSync("/bin/sh", [script, "out"], options);
    assert.equal(status, 0, String(stderr));
    assert.deepEqual(readFileSync(path.join(folder, "out/inner/file")), content);
  });

  it("are refused when one has changed", () => {
    const { folder } = makeParts();
    const file = path.join(folder, "a.tar.xz.part-02");
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7);
    writeFileSync(file, bytes);
    const { status, stdout } = unpack(folder);
    assert.equal(status, 1);
    assert.match(stdout, /^a\.tar\.xz\.part-02: FAILED/);
  });
});
