import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { namesIn, unknownNames } from "./support/namedTests";
import { root } from "./support/paths";

const page = readFileSync(path.join(root, "docs", "threats.md"), "utf8");

/** What the last column of each row names in code marks. */
const named = [...page.matchAll(/^\|.*\| (.+) \|$/gm)].flatMap(([, cell = ""]) => namesIn(cell));

describe("docs/threats.md", () => {
  it("names only tests and commands that exist", () => {
    assert.ok(named.length > 25, `only ${named.length} names found`);
    // A level of Pod Security, not a test.
    assert.deepEqual(
      unknownNames(named).filter((name) => name !== "restricted"),
      [],
    );
  });
});
