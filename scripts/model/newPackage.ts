import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readManifest } from "../../scoring-image/src/model/modelPackage";
import { checkFiles, graphFile } from "../../scoring-image/src/model/packageFiles";
import { writeHashes } from "./packageHashes";

/** The types that an entry script is written against; the server's own source. */
const api = path.join(__dirname, "..", "..", "scoring-image", "src", "scripting", "api.ts");

const script = `// @ts-check
/** Entry script: docs/entry-script.md says what it may do. */

/** @type {import("./score-api").Init} */
export async function init(model) {
  console.log("serving", model.name, "version", model.version);
}

/** @type {import("./score-api").Run} */
export async function run(request, model) {
  if (request.method !== "POST") return new Response("GET is not supported", { status: 405 });
  const outputs = await model.predict(await request.arrayBuffer());
  const [description] = model.outputs;
  const values = Array.from(outputs[description.name].data, Number);
  const index = values.indexOf(Math.max(...values));
  return { label: description.labels?.[index] ?? String(index), value: values[index] };
}
`;

const manifest = (name: string) => ({
  name,
  private: true,
  description: "Dependencies of score.mjs; run npm install here and keep the lockfile",
  type: "module",
});

/**
 * Makes a model package with an entry script: a copy of another package, renamed, with `score.mjs`, its types and a package.json.
 * @param from the package to copy
 * @param folder the new package, which must not exist; its last part becomes the model's name
 * @throws ModelPackageError when a file of `from` is damaged
 * @throws Error when the name is no name for a model, the folder exists or `from` holds no package
 */
export function newPackage(from: string, folder: string): void {
  const name = path.basename(folder);
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 63) {
    throw new Error(`the name "${name}" must be lower-case letters, digits and hyphens`);
  }
  if (existsSync(folder)) throw new Error(`${folder} exists already; choose another name`);
  if (!existsSync(path.join(from, "model.json"))) throw new Error(`${from} holds no model.json`);
  const hasGraph = existsSync(path.join(from, graphFile));
  // Before new hashes hide that a file is damaged.
  if (hasGraph) checkFiles(from, readManifest(path.join(from, "model.json")), true);
  cpSync(from, folder, {
    recursive: true,
    filter: (source) => path.basename(source) !== "node_modules",
  });
  const file = path.join(folder, "model.json");
  const model = JSON.parse(readFileSync(file, "utf8")) as object;
  const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  writeFileSync(file, json({ ...model, name, version: "1" }));
  if (hasGraph) writeHashes(folder);
  writeFileSync(path.join(folder, "score.mjs"), script);
  writeFileSync(path.join(folder, "score-api.d.ts"), readFileSync(api));
  writeFileSync(path.join(folder, "package.json"), json(manifest(name)));
}
