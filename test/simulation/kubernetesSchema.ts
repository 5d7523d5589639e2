import { readFileSync } from "node:fs";
import path from "node:path";
import { unknownValue, type Problem } from "./schema";
import type { Properties } from "./state";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
}

const { kinds, definitions } = JSON.parse(
  readFileSync(path.join(__dirname, "schemas", "kubernetes.json"), "utf8"),
) as {
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, Schema>>;
};

const quantity = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[mkMGTPEnu]|[eE][+-]?\d+)?$/;

/** Holds an object against Kubernetes's OpenAPI file, as strict field validation does: unknown fields are refused. */
export function kubernetesProblems(object: Properties): Problem[] {
  const kind = `${String(object["apiVersion"])} ${String(object["kind"])}`;
  const name = kinds[kind];
  if (!name) return [{ path: "kind", reason: `the simulated cluster does not know ${kind}` }];
  const problems: Problem[] = [];
  checkSchema({ $ref: name }, object, "", problems);
  return problems;
}

function checkSchema(schema: Schema, value: unknown, at: string, problems: Problem[]): void {
  if (value === unknownValue || value === undefined) return;
  if (schema.$ref !== undefined) {
    const name = schema.$ref;
    if (name.endsWith(".Quantity")) {
      if (!quantity.test(value as string))
        problems.push({ path: at, reason: `${value as string} is no quantity` });
      return;
    }
    const found = definitions[name];
    if (!found) throw new Error(`${name} is not in schemas/kubernetes.json`);
    checkSchema(found, value, at, problems);
    return;
  }
  if (schema.format === "int-or-string") {
    if (typeof value === "string" || Number.isInteger(value)) return;
    problems.push({ path: at, reason: "must be a whole number or a string" });
    return;
  }
  if (schema.type === "object" || schema.properties) checkObject(schema, value, at, problems);
  else if (schema.type === "array") checkArray(schema, value, at, problems);
  else if (!isOf(schema.type, value)) {
    problems.push({
      path: at,
      reason: `must be ${String(schema.type)}, not ${JSON.stringify(value)}`,
    });
  }
}

function checkObject(schema: Schema, value: unknown, at: string, problems: Problem[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push({ path: at, reason: "must be an object" });
    return;
  }
  const given = value as Properties;
  for (const name of schema.required ?? []) {
    if (given[name] === undefined)
      problems.push({ path: join(at, name), reason: "Required value" });
  }
  for (const [name, part] of Object.entries(given)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (known) checkSchema(known, part, join(at, name), problems);
    else if (schema.properties) problems.push({ path: join(at, name), reason: "unknown field" });
  }
}

function checkArray({ items }: Schema, value: unknown, at: string, problems: Problem[]): void {
  if (!Array.isArray(value)) problems.push({ path: at, reason: "must be a list" });
  else if (items)
    value.forEach((item, index) => {
      checkSchema(items, item, `${at}[${index}]`, problems);
    });
}

function isOf(type: string | undefined, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  return type === undefined || typeof value === type;
}

const join = (at: string, name: string) => (at === "" ? name : `${at}.${name}`);
