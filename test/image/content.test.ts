import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../support/temporaryFolder";
import { readContent } from "./content";

describe("the content of an image", () => {
  it("is its own files, folders and links, and nothing that a link leads to", () => {
    const machine = temporaryFolder("machine");
    writeFileSync(path.join(machine, "of-another-process"), "");
    const folder = temporaryFolder("content");
    for (const name of ["etc", "dev", "var"]) mkdirSync(path.join(folder, name), { mode: 0o755 });
    writeFileSync(path.join(folder, "etc", "issue"), "Debian\n", { mode: 0o644 });
    writeFileSync(path.join(folder, "etc", "hostname"), "made by Docker");
    writeFileSync(path.join(folder, "dev", "null"), "made by Docker");
    symlinkSync(machine, path.join(folder, "var", "run"));
    assert.deepEqual(readContent(folder).manifest, [
      "755 folder dev",
      "755 folder etc",
      "644 9ce244b92d83ec5ac77f656095dca2ce4ae4f0cf20b36dc9df352e0025a01f30 etc/issue",
      "755 folder var",
      `link ${machine} var/run`,
    ]);
  });

  it("tells which files hold something like a key or a token", () => {
    const folder = temporaryFolder("content");
    writeFileSync(path.join(folder, ".npmrc"), "//registry.npmjs.org/:_authToken=x");
    const key = `-----BEGIN PRIVATE KEY-----\n${"A".repeat(64)}\n`;
    writeFileSync(path.join(folder, "tls.key"), key);
    writeFileSync(path.join(folder, "README"), "a key begins with -----BEGIN PRIVATE KEY-----\n");
    assert.deepEqual(readContent(folder).secrets, [".npmrc", "tls.key"]);
  });
});
