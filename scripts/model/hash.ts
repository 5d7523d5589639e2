import { existsSync } from "node:fs";
import path from "node:path";
import { CommandFailure } from "./failure";
import { readChecked, readServable } from "./graphFile";
import { writeHashes } from "./packageHashes";
import { readArguments, type Verb } from "./verb";

/** Writes the hashes of a package's files. */
export const hash: Verb = {
  summary: "writes the hashes of a package's files into its model.json, after a change on purpose",
  usage: ["hash PATH", "  PATH  a package: a folder with model.onnx and model.json"],
  run: async (args) => {
    const { positionals } = readArguments(args, ["PATH"], {});
    const folder = path.resolve(positionals[0] as string);
    const missing = ["model.json", "model.onnx"].find(
      (name) => !existsSync(path.join(folder, name)),
    );
    if (missing !== undefined) throw new CommandFailure("usage", `${folder} holds no ${missing}`);
    const files = readChecked(() => writeHashes(folder));
    await readServable(folder);
    return {
      json: { folder, files },
      lines: [
        ...Object.entries(files).map(([name, sha256]) => `${sha256}  ${name}`),
        `${folder} is ready. Serve it: MODEL_DIR=${folder} npm start`,
      ],
    };
  },
};
