// Writes test/simulation/schemas/azure.json: what the mappers of Microsoft's generated clients say of each resource
// that the program creates. The table below names classes and parameters; every constraint comes from the clients.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const here = import.meta.dirname;
const target = path.join(here, "..", "..", "test", "simulation", "schemas", "azure.json");

/** azure-native's type: [client, class of the body, { azure-native's name: parameter of the client }]. */
const resources = {
  "resources:ResourceGroup": [
    "resources",
    "ResourceGroup",
    { resourceGroupName: "resourceGroupName" },
  ],
  "authorization:RoleAssignment": ["authorization", "RoleAssignmentCreateParameters", {}],
  "managedidentity:UserAssignedIdentity": ["msi", "Identity", { resourceName: "resourceName" }],
  "operationalinsights:Workspace": [
    "operationalinsights",
    "Workspace",
    { workspaceName: "workspaceName" },
  ],
  "applicationinsights:Component": [
    "appinsights",
    "ApplicationInsightsComponent",
    { resourceName: "resourceName" },
  ],
  "keyvault:Vault": ["keyvault", "VaultCreateOrUpdateParameters", { vaultName: "vaultName" }],
  "storage:StorageAccount": [
    "storage",
    "StorageAccountCreateParameters",
    { accountName: "accountName1" },
  ],
  "storage:BlobContainer": ["storage", "BlobContainer", { containerName: "containerName" }],
  "containerregistry:Registry": ["containerregistry", "Registry", { registryName: "registryName" }],
  "containerregistry:TaskRun": ["containerregistry", "TaskRun", { taskRunName: "taskRunName" }],
  "containerservice:ManagedCluster": [
    "containerservice",
    "ManagedCluster",
    { resourceName: "resourceName" },
  ],
  "containerservice:AgentPool": [
    "containerservice",
    "AgentPool",
    { agentPoolName: "agentPoolName" },
  ],
  "machinelearningservices:Workspace": [
    "machinelearning",
    "Workspace",
    { workspaceName: "workspaceName" },
  ],
  "machinelearningservices:Datastore": ["machinelearning", "Datastore", { name: "name1" }],
  "machinelearningservices:ModelContainer": [
    "machinelearning",
    "ModelContainer",
    { name: "name1" },
  ],
  "machinelearningservices:ModelVersion": [
    "machinelearning",
    "ModelVersion",
    { name: "name1", version: "version" },
  ],
};

const clients = new Map();

async function client(name) {
  const known = clients.get(name);
  if (known) return known;
  const folder = path.join(here, "node_modules", "@azure", `arm-${name}`);
  const models = ["dist/esm/models", "dist-esm/src/models"]
    .map((part) => path.join(folder, part))
    .find((candidate) => existsSync(path.join(candidate, "mappers.js")));
  const load = (file) => import(pathToFileURL(path.join(models, file)).href);
  const { version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const made = {
    version,
    mappers: await load("mappers.js"),
    parameters: await load("parameters.js"),
    allowed: allowedValues(readFileSync(path.join(models, "index.d.ts"), "utf8")),
  };
  clients.set(name, made);
  return made;
}

/** The values that the typings allow: of each property of each interface, closed unions and `Known` enumerations alike. */
function allowedValues(text) {
  const source = ts.createSourceFile("index.d.ts", text, ts.ScriptTarget.Latest);
  const values = new Map();
  const interfaces = new Map();
  for (const statement of source.statements) {
    if (ts.isEnumDeclaration(statement) && statement.name.text.startsWith("Known")) {
      values.set(
        statement.name.text.slice(5),
        statement.members.map(({ initializer }) => initializer.text),
      );
    } else if (ts.isTypeAliasDeclaration(statement) && ts.isUnionTypeNode(statement.type)) {
      const members = statement.type.types.map((part) =>
        ts.isLiteralTypeNode(part) ? part.literal.text : undefined,
      );
      if (members.every((member) => member !== undefined)) values.set(statement.name.text, members);
    } else if (ts.isInterfaceDeclaration(statement)) {
      interfaces.set(
        statement.name.text,
        new Map(
          statement.members
            .filter(
              (member) => ts.isPropertySignature(member) && ts.isTypeReferenceNode(member.type),
            )
            .map((member) => [member.name.text, member.type.typeName.text]),
        ),
      );
    }
  }
  return (className, property) => values.get(interfaces.get(className)?.get(property) ?? "");
}

const types = {};

function constraintsOf({ constraints = {} }) {
  const { Pattern, MinLength, MaxLength, InclusiveMinimum, InclusiveMaximum, MinItems, MaxItems } =
    constraints;
  return {
    ...(Pattern ? { pattern: Pattern instanceof RegExp ? Pattern.source : Pattern } : {}),
    ...(MinLength === undefined ? {} : { minLength: MinLength }),
    ...(MaxLength === undefined ? {} : { maxLength: MaxLength }),
    ...(InclusiveMinimum === undefined ? {} : { minimum: InclusiveMinimum }),
    ...(InclusiveMaximum === undefined ? {} : { maximum: InclusiveMaximum }),
    ...(MinItems === undefined ? {} : { minItems: MinItems }),
    ...(MaxItems === undefined ? {} : { maxItems: MaxItems }),
  };
}

function shapeOf(name, api, mapper) {
  const { type } = mapper;
  if (type.name === "Composite") return { type: compositeOf(name, api, type.className) };
  if (type.name === "Sequence") return { type: "array", items: shapeOf(name, api, type.element) };
  if (type.name === "Dictionary") return { type: "map", items: shapeOf(name, api, type.value) };
  if (type.name === "Enum") return { type: "string", allowed: type.allowedValues };
  const kinds = { Number: "number", Boolean: "boolean", any: "any", Object: "any" };
  return { type: kinds[type.name] ?? "string" };
}

function compositeOf(name, api, className) {
  const key = `${name}/${className}`;
  if (types[key]) return key;
  const mapper = api.mappers[className];
  if (!mapper) throw new Error(`${key} has no mapper`);
  const made = (types[key] = { properties: {} });
  let all = {};
  for (
    let at = mapper;
    at;
    at = at.type.uberParent !== at.type.className && api.mappers[at.type.uberParent]
  ) {
    all = { ...at.type.modelProperties, ...all };
  }
  for (const [property, field] of Object.entries(all)) {
    if (field.readOnly) continue;
    const allowed = api.allowed(className, property);
    made.properties[property] = {
      at: field.serializedName,
      ...shapeOf(name, api, field),
      ...(field.required ? { required: true } : {}),
      ...(allowed ? { allowed } : {}),
      ...constraintsOf(field),
    };
  }
  const discriminator = mapper.type.polymorphicDiscriminator;
  const kinds = Object.entries(api.mappers.discriminators ?? {}).filter(([at]) =>
    at.startsWith(`${className}.`),
  );
  // Only the root of a family branches; its members are closed.
  if (discriminator && kinds.length > 0) {
    made.discriminator = discriminator.serializedName;
    made.kinds = Object.fromEntries(
      kinds.map(([at, { type }]) => [
        at.slice(className.length + 1),
        compositeOf(name, api, type.className),
      ]),
    );
  }
  return key;
}

const made = {};
for (const [type, [name, className, names]] of Object.entries(resources)) {
  const api = await client(name);
  made[type] = {
    body: compositeOf(name, api, className),
    names: Object.fromEntries(
      Object.entries(names).map(([input, parameter]) => {
        const { mapper } = api.parameters[parameter];
        if (mapper.serializedName !== input && input !== "name")
          throw new Error(`${parameter} is ${mapper.serializedName}`);
        return [input, { type: "string", required: true, ...constraintsOf(mapper) }];
      }),
    ),
  };
}
const sources = Object.fromEntries(
  [...clients].map(([name, { version }]) => [`@azure/arm-${name}`, version]),
);
writeFileSync(target, `${JSON.stringify({ sources, resources: made, types })}\n`);
console.log(
  `${target}: ${Object.keys(types).length} types of ${Object.keys(sources).length} clients`,
);
