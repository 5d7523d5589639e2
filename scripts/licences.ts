/** `npm run licences`: writes docs/licences.md from the lockfiles. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { licencePage, productionPackages } from "./licenceList";

const root = path.join(__dirname, "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

writeFileSync(
  path.join(root, "docs/licences.md"),
  licencePage({
    server: productionPackages(read("scoring-image/package-lock.json")),
    program: productionPackages(read("package-lock.json")),
  }),
);
