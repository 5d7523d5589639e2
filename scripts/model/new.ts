import path from "node:path";
import { ModelPackageError } from "../../scoring-image/src/model/modelPackage";
import { CommandFailure } from "./failure";
import { modelsFolder } from "./folders";
import { newPackage } from "./newPackage";
import { readArguments, type Verb } from "./verb";

/** Makes a package with an entry script. `new` is a reserved word. */
export const newVerb: Verb = {
  summary: "makes a package with an entry script, score.mjs, from another package",
  usage: [
    "new NAME [--from PACKAGE] [--models FOLDER]",
    "  --from PACKAGE   folder of the package to copy (default: the bundled model)",
    "  --models FOLDER  (default: scoring-image/models); the package is FOLDER/NAME",
  ],
  run: (args) => {
    const { values, positionals } = readArguments(args, ["NAME"], {
      from: { type: "string" },
      models: { type: "string" },
    });
    const folder = path.join(path.resolve(values.models ?? modelsFolder), positionals[0] as string);
    const from = values.from ?? path.join(modelsFolder, "efficientnet-lite0");
    try {
      newPackage(path.resolve(from), folder);
    } catch (error) {
      const kind = error instanceof ModelPackageError ? "refused" : "usage";
      throw new CommandFailure(kind, (error as Error).message, { cause: error });
    }
    const script = path.join(folder, "score.mjs");
    return Promise.resolve({
      json: { folder, script },
      lines: [`${folder} is ready: change ${script}, then MODEL_DIR=${folder} npm start`],
    });
  },
};
