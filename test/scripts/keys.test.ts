import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { logsBeside, resourceNames } from "../../components/names";
import { purgeCommands } from "../../scripts/purge";
import { temporaryFolder } from "../support/temporaryFolder";

const root = path.join(__dirname, "..", "..");

/** Runs `npm run keys` with a Pulumi CLI that notes its arguments and input and answers from a table. */
function keys(args: readonly string[], answers: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder("keys");
  const log = path.join(folder, "log");
  const answer = Object.entries(answers)
    .map(
      ([start, text]) =>
        `if (line.startsWith(${JSON.stringify(start)})) console.log(${JSON.stringify(text)});`,
    )
    .join("\n");
  writeFileSync(
    path.join(folder, "pulumi"),
    `#!${process.execPath}
const fs = require("node:fs");
const line = process.argv.slice(2).join(" ").replace(/ --config-file \\S+/g, "");
const input = line.includes("--secret ") ? fs.readFileSync(0, "utf8") : "";
fs.appendFileSync(${JSON.stringify(log)}, line + (input ? " < " + input : "") + "\\n");
${answer}
`,
  );
  chmodSync(path.join(folder, "pulumi"), 0o755);
  const stdout = execFileSync(
    process.execPath,
    ["--import", "tsx", path.join(root, "scripts", "keys.ts"), ...args],
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PATH: folder, PULUMI_BACKEND_URL: "file:///nowhere" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const calls = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  return { stdout, calls };
}

describe("npm run keys", function () {
  before(function () {
    if (process.platform === "win32") this.skip();
  });

  it("lists both keys", () => {
    const { stdout, calls } = keys(["list", "--stack", "eastus"], {
      "stack output": JSON.stringify({ primaryKey: "one", secondaryKey: "two" }),
    });
    assert.equal(stdout, "primary: one\nsecondary: two\n");
    assert.deepEqual(calls, ["stack output --json --show-secrets --stack eastus"]);
  });

  it("generates another key, dropping one of the user's own", () => {
    const { stdout, calls } = keys(["regenerate", "primary"], {
      "config --json": JSON.stringify({
        "accelerated-scoring:primaryKeyGeneration": { value: "3" },
        "accelerated-scoring:primaryKey": { secret: true },
      }),
    });
    assert.deepEqual(calls, [
      "config --json",
      "config set primaryKeyGeneration 4",
      "config rm primaryKey",
      "up --yes --skip-preview",
    ]);
    assert.equal(stdout, "The primary key has been replaced; the other one is as it was.\n");
  });

  it("counts from the default where no generation is set", () => {
    const { calls } = keys(["regenerate", "secondary", "--stack", "edge"], {
      "config --json": "{}",
    });
    assert.deepEqual(calls.slice(1), [
      "config set secondaryKeyGeneration 2 --stack edge",
      "up --yes --skip-preview --stack edge",
    ]);
  });

  it("sets a key of the user's own without handing it to Pulumi as an argument", () => {
    const { calls } = keys(["regenerate", "secondary", "--set", "my-own-key"]);
    assert.deepEqual(calls, [
      "config set --secret secondaryKey < my-own-key",
      "up --yes --skip-preview",
    ]);
  });

  for (const args of [[], ["regenerate"], ["regenerate", "both"], ["list", "primary"]]) {
    it(`explains itself to ${args.join(" ") || "nothing"}`, () => {
      assert.throws(
        () => keys(args),
        (error: { stderr?: string; status?: number }) => {
          assert.match(error.stderr ?? "", /^npm run keys -- list/);
          return error.status === 1;
        },
      );
    });
  }
});

describe("npm run purge", () => {
  it("frees the names of the workspace, the vault and the log workspace", () => {
    assert.deepEqual(
      purgeCommands({
        subscription: "s",
        resourceGroup: "g",
        workspace: "scoring-eastus-abc123",
        keyVault: "v",
        location: "eastus",
      }).map((args) => args.join(" ")),
      [
        "group create --name g --location eastus --subscription s",
        "rest --method delete --url https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/scoring-eastus-abc123?api-version=2025-12-01&forceToPurge=true",
        "keyvault purge --name v --location eastus --subscription s",
        "monitor log-analytics workspace recover --workspace-name scoring-eastus-logs-abc123 --resource-group g --subscription s",
        "monitor log-analytics workspace delete --workspace-name scoring-eastus-logs-abc123 --resource-group g --force --yes --subscription s",
        "group delete --name g --subscription s",
      ],
    );
  });

  it("knows the log workspace by the names that a stack's resources get", () => {
    const { workspace, logs } = resourceNames("scoring", "My.Stack", "abc123");
    assert.equal(logsBeside(workspace), logs);
  });
});
