import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Title of every test in the repository, as its source spells it. */
const titles = new Set(
  globSync("test/**/*.test.ts", { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/\bit\(\s*(["`])(.+?)\1,/gs)].map(([, , title]) => title as string),
  ),
);

/** What the last column of each row names in code marks. */
const named = [...read("docs/threats.md").matchAll(/^\|.*\| (.+) \|$/gm)]
  .flatMap(([, cell = ""]) => [...cell.matchAll(/(`+)([^`]+(?:`[^`]+)*?)\1/g)])
  .map(([, , name]) => name as string);

describe("docs/threats.md", () => {
  it("names only tests and commands that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const missing = named.filter((name) => {
      const [, script] = /^npm run (\S+)$/.exec(name) ?? [];
      return script ? !(script in scripts) : name !== "restricted" && !titles.has(name);
    });
    assert.ok(named.length > 25, `only ${named.length} names found`);
    assert.deepEqual(missing, []);
  });
});
