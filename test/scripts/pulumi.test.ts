import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findBackend } from "../../scripts/pulumi/backend";
import { findCli, pinnedVersion } from "../../scripts/pulumi/cli";
import { stackOf } from "../../scripts/pulumi/run";
import { StackSettings } from "../../scripts/pulumi/stackSettings";

const folder = () => mkdtempSync(path.join(os.tmpdir(), "pulumi-"));

describe("npm run up and its like", () => {
  describe("the backend", () => {
    it("is a folder of the project, with a passphrase made once", () => {
      const root = folder();
      const env = { PULUMI_HOME: folder() };
      const first = findBackend(root, env);
      const file = path.join(root, ".pulumi-state", "passphrase");
      assert.deepEqual(first.env, {
        PULUMI_BACKEND_URL: `file://${root}/.pulumi-state`,
        PULUMI_CONFIG_PASSPHRASE_FILE: file,
      });
      const passphrase = readFileSync(file, "utf8");
      assert.match(passphrase, /^[-\w]{32}$/);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      findBackend(root, env);
      assert.equal(readFileSync(file, "utf8"), passphrase);
    });

    it("leaves a passphrase of the user's alone, also an empty one", () => {
      for (const env of [
        { PULUMI_CONFIG_PASSPHRASE: "" },
        { PULUMI_CONFIG_PASSPHRASE_FILE: "/secret" },
      ]) {
        const root = folder();
        const found = findBackend(root, { PULUMI_HOME: folder(), ...env });
        assert.deepEqual(found.env, { PULUMI_BACKEND_URL: `file://${root}/.pulumi-state` });
      }
    });

    it("is the one that the environment names or the user has logged in to", () => {
      const home = folder();
      const file = path.join(home, "credentials.json");
      writeFileSync(file, JSON.stringify({ current: "https://api.pulumi.com" }));
      const loggedIn = findBackend(folder(), { PULUMI_HOME: home });
      assert.equal(loggedIn.description, "https://api.pulumi.com");
      assert.deepEqual(loggedIn.env, {});
      const named = findBackend(folder(), {
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: "azblob://state",
      });
      assert.equal(named.description, "azblob://state");
      assert.notEqual(path.basename(named.stacksFolder), path.basename(loggedIn.stacksFolder));
    });
  });

  describe("the CLI", () => {
    it("is refused with the way out when it can be neither found nor downloaded", () => {
      const home = folder();
      const env = {
        PULUMI_HOME: home,
        PATH: path.join(home, "node_modules", ".bin"),
        // No process may reach the network from a test.
        NODE_OPTIONS: "--import=data:text/javascript,globalThis.fetch=undefined",
      };
      assert.throws(() => findCli(env), {
        message: `The Pulumi CLI ${pinnedVersion()} is not on PATH and could not be downloaded. Install it (https://www.pulumi.com/docs/install), or build it with Go: npm run pulumi:build`,
      });
    });

    it("is taken from PATH, but not from npm's own folder there", function () {
      if (process.platform === "win32") this.skip();
      const own = path.join(folder(), "node_modules", ".bin");
      const elsewhere = folder();
      mkdirSync(own, { recursive: true });
      for (const bin of [own, elsewhere]) {
        writeFileSync(path.join(bin, "pulumi"), "#!/bin/sh\necho v9.9.9\n", { mode: 0o755 });
      }
      const cli = findCli({ PATH: [own, elsewhere].join(path.delimiter) });
      assert.equal(cli.file, path.join(elsewhere, "pulumi"));
      assert.equal(cli.describe(), `pulumi 9.9.9 from PATH (${cli.file})`);
    });
  });

  it("reads the stack's name however it is given", () => {
    assert.equal(stackOf(["up", "--stack", "dev"]), "dev");
    assert.equal(stackOf(["up", "-s", "dev"]), "dev");
    assert.equal(stackOf(["up", "--stack=org/dev"]), "org/dev");
    assert.equal(stackOf(["up", "--", "--stack", "dev"]), undefined);
  });

  describe("the stack's configuration", () => {
    const tracked = "# Ours\nconfig:\n  p:target: local\n  p:tls:\n    mode: own\n";

    function settings() {
      const root = folder();
      const stacks = folder();
      const file = path.join(root, "Pulumi.dev.yaml");
      writeFileSync(file, tracked);
      const open = () => new StackSettings(root, stacks, "dev");
      return { file, open, text: () => readFileSync(file, "utf8") };
    }

    it("keeps salt and secrets out of the tracked file, and gives them back to the CLI", () => {
      const { open, text } = settings();
      const first = open();
      writeFileSync(
        first.file,
        `${tracked}    key:\n      secure: v1:abc\n  p:primaryKey:\n    secure: v1:def\nencryptionsalt: v1:salt\n`,
      );
      first.save();
      assert.equal(text(), tracked);
      const merged = readFileSync(open().file, "utf8");
      assert.match(merged, /mode: own/);
      assert.match(merged, /key:\s+secure: v1:abc/);
      assert.match(merged, /p:primaryKey:\s+secure: v1:def/);
      assert.match(merged, /encryptionsalt: v1:salt/);
      assert.equal(statSync(open().file).mode & 0o777, 0o600);
    });

    it("takes plain settings over, changed and removed, with the comments left alone", () => {
      const { open, text } = settings();
      const run = open();
      writeFileSync(run.file, "config:\n  p:target: local\n  p:replicas: 5\n");
      run.save();
      assert.equal(text(), "# Ours\nconfig:\n  p:target: local\n  p:replicas: 5\n");
    });

    it("forgets what has been removed from the tracked file", () => {
      const { open, file } = settings();
      open();
      writeFileSync(file, "config:\n  p:target: azure\n");
      assert.equal(readFileSync(open().file, "utf8"), "config:\n  p:target: azure\n");
    });
  });
});
