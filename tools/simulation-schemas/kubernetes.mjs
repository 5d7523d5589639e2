// Writes test/simulation/schemas/kubernetes.json: the part of Kubernetes's published OpenAPI file that the kinds of
// the program reach, without the descriptions. Usage: kubernetes.mjs SWAGGER.JSON VERSION
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const [file, version] = process.argv.slice(2);
if (!file || !version) throw new Error("usage: kubernetes.mjs SWAGGER.JSON VERSION");

const kinds = [
  "v1 Namespace",
  "v1 ServiceAccount",
  "v1 Secret",
  "v1 ConfigMap",
  "v1 Service",
  "apps/v1 Deployment",
  "apps/v1 DaemonSet",
  "policy/v1 PodDisruptionBudget",
  "networking.k8s.io/v1 NetworkPolicy",
  "autoscaling/v2 HorizontalPodAutoscaler",
];

const { definitions } = JSON.parse(readFileSync(file, "utf8"));
const kept = {};

/** Everything that decides whether an object is accepted, and nothing else. */
function reduce(schema) {
  const { $ref, type, format, items, properties, required, additionalProperties } = schema;
  const reduced = {
    ...($ref ? { $ref: keep($ref.slice("#/definitions/".length)) } : {}),
    ...(type ? { type } : {}),
    ...(format ? { format } : {}),
    ...(items ? { items: reduce(items) } : {}),
    ...(required ? { required } : {}),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: reduce(additionalProperties) }
      : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, part]) => [name, reduce(part)]),
          ),
        }
      : {}),
  };
  return reduced;
}

function keep(name) {
  if (!kept[name]) {
    kept[name] = {};
    kept[name] = reduce(definitions[name]);
  }
  return name;
}

const roots = Object.fromEntries(
  kinds.map((kind) => {
    const [apiVersion, short] = kind.split(" ");
    const [group, groupVersion] = apiVersion.includes("/")
      ? apiVersion.split("/")
      : ["", apiVersion];
    const found = Object.entries(definitions).find(([, schema]) =>
      schema["x-kubernetes-group-version-kind"]?.some(
        (known) => known.kind === short && known.group === group && known.version === groupVersion,
      ),
    );
    if (!found) throw new Error(`${kind} is not in ${file}`);
    return [kind, keep(found[0])];
  }),
);
const target = path.join(
  import.meta.dirname,
  "..",
  "..",
  "test",
  "simulation",
  "schemas",
  "kubernetes.json",
);
writeFileSync(
  target,
  `${JSON.stringify({ source: `kubernetes ${version}, api/openapi-spec/swagger.json`, kinds: roots, definitions: kept })}\n`,
);
console.log(`${target}: ${Object.keys(kept).length} definitions`);
