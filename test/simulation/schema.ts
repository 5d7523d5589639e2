import { readFileSync } from "node:fs";
import path from "node:path";
import type { Properties } from "./state";

/** What the engine sends at preview for a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A property that is missing, unknown or has a value that is not allowed. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

interface Shape {
  /** A simple type, `array`, `map`, `any`, or the name of a composite. */
  readonly type: string;
  readonly items?: Shape;
  readonly required?: boolean;
  readonly allowed?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Composite {
  readonly properties: Readonly<Record<string, Shape & { readonly at: string }>>;
  readonly discriminator?: string;
  readonly kinds?: Readonly<Record<string, string>>;
}

interface Schemas {
  readonly resources: Readonly<
    Record<string, { readonly body: string; readonly names: Readonly<Record<string, Shape>> }>
  >;
  readonly types: Readonly<Record<string, Composite>>;
}

const { resources, types } = JSON.parse(
  readFileSync(path.join(__dirname, "schemas", "azure.json"), "utf8"),
) as Schemas;

/** Properties of API versions (newer or preview) that are not those of the clients which still carry constraints. */
const newer: Readonly<Record<string, readonly string[]>> = {
  "containerregistry/Registry": ["anonymousPullEnabled"],
  "machinelearning/Workspace": ["kind", "systemDatastoresAuthMode", "v1LegacyMode"],
};

/** Parents in the path of a resource; every other input belongs to its body. */
const pathInputs = ["resourceGroupName", "accountName", "registryName", "workspaceName", "scope"];

const plain = (name: string) => name.toLowerCase().replaceAll("_", "");

/**
 * Holds the inputs of an azure-native resource against Microsoft's generated client.
 * @returns undefined for a resource that the clients do not know
 */
export function azureProblems(type: string, inputs: Properties): Problem[] | undefined {
  const resource = resources[type.replace("azure-native:", "")];
  if (!resource) return undefined;
  const problems: Problem[] = [];
  const body: Properties = {};
  for (const [name, value] of Object.entries(inputs)) {
    const shape = resource.names[name];
    if (shape) checkValue(shape, value, name, problems);
    else if (!(name in resource.names) && !isPath(type, name)) body[name] = value;
  }
  for (const [name, shape] of Object.entries(resource.names)) {
    if (shape.required && inputs[name] === undefined) {
      problems.push({ path: name, reason: "is required" });
    }
  }
  checkComposite(resource.body, body, "", problems);
  return problems;
}

function isPath(type: string, name: string): boolean {
  if (name === "roleAssignmentName") return true;
  if (type.endsWith(":AgentPool") && name === "resourceName") return true;
  return pathInputs.includes(name);
}

function checkComposite(name: string, value: unknown, at: string, problems: Problem[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push({ path: at, reason: "must be an object" });
    return;
  }
  const composite = types[name];
  if (!composite) throw new Error(`${name} is not in schemas/azure.json`);
  const given = value as Properties;
  const kind = composite.discriminator && composite.kinds?.[String(given[composite.discriminator])];
  if (kind && kind !== name) {
    checkComposite(kind, value, at, problems);
    return;
  }
  if (
    composite.discriminator &&
    composite.kinds &&
    !kind &&
    given[composite.discriminator] !== unknownValue
  ) {
    problems.push({
      path: join(at, composite.discriminator),
      reason: `must be one of ${Object.keys(composite.kinds).join(", ")}`,
    });
    return;
  }
  const known = new Map<string, [string, Shape]>();
  for (const [property, shape] of Object.entries(composite.properties)) {
    // azure-native names a property as REST does or as the client does.
    known.set(plain(property), [property, shape]);
    known.set(plain(shape.at.slice(shape.at.lastIndexOf(".") + 1)), [property, shape]);
  }
  const seen = new Set<string>();
  for (const [property, part] of Object.entries(given)) {
    if (part === undefined || newer[name]?.includes(property)) continue;
    const found = known.get(plain(property));
    if (!found) {
      problems.push({ path: join(at, property), reason: "is not a property of this API" });
      continue;
    }
    seen.add(found[0]);
    checkValue(found[1], part, join(at, property), problems);
  }
  for (const [property, { required }] of Object.entries(composite.properties)) {
    if (required && !seen.has(property)) {
      problems.push({ path: join(at, property), reason: "is required" });
    }
  }
}

const join = (at: string, property: string) => (at === "" ? property : `${at}.${property}`);

function checkValue(shape: Shape, value: unknown, at: string, problems: Problem[]): void {
  if (value === unknownValue || value === undefined || value === null || shape.type === "any")
    return;
  if (shape.type.includes("/")) {
    checkComposite(shape.type, value, at, problems);
  } else if (shape.type === "array" || shape.type === "map") {
    checkItems(shape, value, at, problems);
  } else {
    const reason = simpleProblem(shape, value);
    if (reason) problems.push({ path: at, reason });
  }
}

function checkItems(shape: Shape, value: unknown, at: string, problems: Problem[]): void {
  const isList = Array.isArray(value);
  if (isList !== (shape.type === "array") || typeof value !== "object") {
    // azure-native takes a list of ids where ARM wants a map with them as keys.
    if (isList && value.every((item) => typeof item === "string")) return;
    problems.push({ path: at, reason: `must be ${shape.type === "array" ? "a list" : "a map"}` });
    return;
  }
  if (isList && shape.maxItems !== undefined && value.length > shape.maxItems) {
    problems.push({ path: at, reason: `must have at most ${shape.maxItems} items` });
  }
  if (isList && shape.minItems !== undefined && value.length < shape.minItems) {
    problems.push({ path: at, reason: `must have at least ${shape.minItems} items` });
  }
  const { items } = shape;
  if (!items) return;
  for (const [part, item] of Object.entries(value as object)) {
    checkValue(items, item, `${at}[${part}]`, problems);
  }
}

function simpleProblem(shape: Shape, value: unknown): string | undefined {
  if (shape.type !== typeof value) return `must be a ${shape.type}, not ${JSON.stringify(value)}`;
  if (typeof value === "number") {
    if (shape.minimum !== undefined && value < shape.minimum)
      return `must be at least ${shape.minimum}`;
    if (shape.maximum !== undefined && value > shape.maximum)
      return `must be at most ${shape.maximum}`;
    return undefined;
  }
  if (typeof value !== "string") return undefined;
  if (shape.allowed && !shape.allowed.some((one) => one.toLowerCase() === value.toLowerCase())) {
    return `is ${JSON.stringify(value)}, must be one of ${shape.allowed.join(", ")}`;
  }
  if (shape.minLength !== undefined && value.length < shape.minLength) {
    return `is ${JSON.stringify(value)}, must have at least ${shape.minLength} characters`;
  }
  if (shape.maxLength !== undefined && value.length > shape.maxLength) {
    return `is ${JSON.stringify(value)}, must have at most ${shape.maxLength} characters`;
  }
  if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(value)) {
    return `is ${JSON.stringify(value)}, must match ${shape.pattern}`;
  }
  return undefined;
}
