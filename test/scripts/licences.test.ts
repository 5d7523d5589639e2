import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { allowedLicences, licencesIn, productionPackages } from "../../scripts/licenceList";

const root = path.join(__dirname, "..", "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const lockfiles = ["scoring-image/package-lock.json", "package-lock.json"];

/** The rows of docs/licences.md, without what only decorates them. */
const rows = [...read("docs/licences.md").matchAll(/^\| (.+?) +\| (\S+) +\| (.+?) +\|$/gm)]
  .map(([, name = "", version, licence]) => {
    const plain = name.replaceAll("*", "").replace(" (one platform)", "");
    return `${plain} ${version} ${licence}`;
  })
  .filter((row) => row !== "package version licence");

describe("npm run licences", () => {
  it("has written what the lockfiles say now", () => {
    const found = lockfiles.flatMap((file) =>
      productionPackages(read(file)).map(
        ({ name, version, licence }) => `${name} ${version} ${licence}`,
      ),
    );
    assert.deepEqual(rows, found, "run `npm run licences`");
  });

  for (const file of lockfiles) {
    it(`finds no licence in ${file} that is not allowed`, () => {
      const strange = productionPackages(read(file)).filter(
        ({ licence }) => !licencesIn(licence).every((one) => allowedLicences.has(one)),
      );
      assert.deepEqual(strange, []);
    });
  }

  it("leaves development dependencies out and keeps what another platform would install", () => {
    const lockfile = {
      packages: {
        "": { dependencies: { a: "1.0.0" } },
        "node_modules/a": { version: "1.0.0", license: "(MIT OR CC0-1.0)" },
        "node_modules/a/node_modules/@b/c": { version: "2.0.0", license: "ISC", optional: true },
        "node_modules/d": { version: "3.0.0", license: "GPL-3.0", dev: true },
      },
    };
    assert.deepEqual(productionPackages(JSON.stringify(lockfile)), [
      { name: "@b/c", version: "2.0.0", licence: "ISC", isOptional: true, isDirect: false },
      {
        name: "a",
        version: "1.0.0",
        licence: "(MIT OR CC0-1.0)",
        isOptional: false,
        isDirect: true,
      },
    ]);
    assert.deepEqual(licencesIn("(MIT OR CC0-1.0)"), ["MIT", "CC0-1.0"]);
  });

  it("refuses a package that states no licence", () => {
    const lockfile = { packages: { "node_modules/a": { version: "1.0.0" } } };
    assert.throws(
      () => productionPackages(JSON.stringify(lockfile)),
      /^Error: node_modules\/a states no licence or version$/,
    );
  });
});
