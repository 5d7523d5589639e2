import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const project = "accelerated-scoring";

/**
 * What a stack sets, over the defaults of Pulumi.yaml, as text; without the Pulumi CLI and without any secret.
 * @throws Error when the folder has no file for that stack
 */
export function readStack(root: string, stack: string): (key: string) => string {
  const file = path.join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file))
    throw new Error(`There is no ${path.basename(file)}: name a stack with --stack`);
  const own =
    (parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> }).config ?? {};
  const declared = (
    parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default?: unknown }>;
    }
  ).config;
  return (key) => {
    const value =
      own[key.includes(":") ? key : `${project}:${key}`] ?? declared[key]?.default ?? "";
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}
