/** `npm run model:new -- NAME`: makes a model package with an entry script. */
import path from "node:path";
import { parseArgs } from "node:util";
import { newPackage } from "./newPackage";

const models = path.join(__dirname, "..", "..", "scoring-image", "models");
const usage = `npm run model:new -- NAME [--from PACKAGE]
  --from PACKAGE  folder of the package to copy (default: the bundled model)`;

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: "string" } },
  });
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) throw new Error("name one package");
  const folder = path.join(models, name);
  newPackage(values.from ?? path.join(models, "efficientnet-lite0"), folder);
  const shown = path.relative(process.cwd(), folder);
  process.stdout.write(
    `${shown} is ready: change ${path.join(shown, "score.mjs")}, then MODEL_DIR=${shown} npm start\n`,
  );
}

try {
  main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
  process.exitCode = 2;
}
