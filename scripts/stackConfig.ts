import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const root = path.join(__dirname, "..");

/** The project's name, the first part of its configuration keys. */
export const project = "accelerated-scoring";

/** One key as Pulumi.yaml declares it. */
export interface Declaration {
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
}

/** Every key of this project in Pulumi.yaml. */
export function declarations(): Readonly<Record<string, Declaration>> {
  const { config } = parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
    readonly config: Readonly<Record<string, Declaration>>;
  };
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.includes(":")));
}

const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The engine takes a dotted key of Pulumi.yaml for a path: defaults come as objects, stack files' dotted keys stay plain. */
function nested(defaults: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(defaults)) {
    const [parent = "", part] = key.split(".");
    if (part === undefined) values[key] = value;
    else values[parent] = { ...(values[parent] as object | undefined), [part]: value };
  }
  return values;
}

/** The configuration as the engine hands it to the program: Pulumi.yaml's defaults under the stack file's values. */
export function stackConfig(
  stack: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const file = path.join(root, `Pulumi.${stack}.yaml`);
  const own = existsSync(file)
    ? (parse(readFileSync(file, "utf8")) as { readonly config: Readonly<Record<string, unknown>> })
        .config
    : {};
  const qualified = (entries: Readonly<Record<string, unknown>>) =>
    Object.entries(entries).map(([key, value]): [string, string] => [
      key.includes(":") ? key : `${project}:${key}`,
      asText(value),
    ]);
  const defaults = Object.fromEntries(
    Object.entries(declarations()).map(([key, declaration]) => [key, declaration.default]),
  );
  return Object.fromEntries([
    ...qualified(nested(defaults)),
    ...qualified(own),
    ...qualified(overrides),
  ]);
}
