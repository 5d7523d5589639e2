import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { policies } from "../policies/policies";
import { runProgram } from "./support/program";
import { settingsTable } from "./support/settingsTable";

const read = (name: string) =>
  readFileSync(path.join(__dirname, "..", "docs", name), "utf8").split("\n");

describe("the documentation of the environment", () => {
  it("has the settings table that Pulumi.yaml and settings.ts make", () => {
    const lines = read("settings.md").filter((line) => line.startsWith("|"));
    assert.deepEqual(lines, settingsTable());
  });

  it("has a row for each output of the program and no other", async () => {
    const rows = read("environment.md").flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);
    const { exported } = await runProgram("eastus");
    assert.deepEqual(rows.sort(), Object.keys(exported).sort());
  });

  it("names the policy that states the choice of shared keys", () => {
    assert(policies.some(({ name }) => name === "shared-keys-are-a-choice"));
    assert(read("environment.md").some((line) => line.includes("`shared-keys-are-a-choice`")));
  });
});
