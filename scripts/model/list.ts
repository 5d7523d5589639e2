import path from "node:path";
import { modelZoo } from "../../components/catalogue/modelZoo";
import { listModels } from "../../components/catalogue/models";
import { modelsFolder } from "./folders";
import { readArguments, readableSize, type Verb } from "./verb";

/** The catalogue, and which of its models and of one's own are here. */
export const list: Verb = {
  summary: "the models that can be fetched, and those that are here",
  usage: ["list [--models FOLDER]"],
  run: (args) => {
    const { values } = readArguments(args, [], { models: { type: "string" } });
    const folder = path.resolve(values.models ?? modelsFolder);
    const here = listModels(folder);
    const catalogue = modelZoo.map(({ name, bytes, sha256, description }) => ({
      name,
      bytes,
      sha256,
      description,
      here: here.includes(name),
    }));
    const own = here.filter((name) => !modelZoo.some((model) => model.name === name));
    const widest = Math.max(...catalogue.map(({ name }) => name.length));
    return Promise.resolve({
      json: { folder, catalogue, own },
      lines: [
        ...catalogue.map(
          ({ name, bytes, description, here: fetched }) =>
            `${fetched ? "*" : " "} ${name.padEnd(widest)}  ${readableSize(bytes).padStart(8)}  ${description}`,
        ),
        `* is in ${folder}${own.length > 0 ? `, beside ${own.join(", ")}` : ""}`,
      ],
    });
  },
};
