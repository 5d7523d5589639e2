import { randomUUID } from "node:crypto";
import { requireRegion } from "./azureRequirements";
import { azureTypes, type AzureType } from "./azureTypes";
import {
  type Before,
  covered,
  differences,
  type Created,
  type SimulatedProvider,
  type Subject,
} from "./provider";
import { azureProblems, unknownValue } from "./schema";
import { Refusal, type Live, type Properties, type State } from "./state";
import { deployer, hasRole } from "./subscription";

const subscription = `/subscriptions/${deployer.subscriptionId}`;

/** Azure Resource Manager as azure-native's provider shows it. */
export class SimulatedAzure implements SimulatedProvider {
  constructor(private readonly state: State) {}

  invoke(token: string, args: Properties): Properties {
    switch (token) {
      case "azure-native:authorization:getClientConfig":
        return { ...deployer };
      case "azure-native:authorization:getClientToken":
        return { token: "token-of-the-deployer" };
      case "azure-native:containerservice:listManagedClusterUserCredentials":
        return this.userCredentials(args);
      default:
        throw new Refusal(`the simulation does not know ${token}`);
    }
  }

  check({ type }: Subject, inputs: Properties, olds: Properties) {
    const filled =
      type.endsWith(":RoleAssignment") && inputs["roleAssignmentName"] === undefined
        ? { ...inputs, roleAssignmentName: olds["roleAssignmentName"] ?? randomUUID() }
        : inputs;
    if (type.endsWith("storage:Blob")) return { inputs: filled, problems: [] };
    const problems = azureProblems(type, filled);
    if (!problems) throw new Refusal(`the simulation does not know ${type}`);
    return { inputs: filled, problems };
  }

  immutable(type: string): readonly string[] {
    return typeOf(type).replacing;
  }

  create({ type }: Subject, inputs: Properties): Created {
    const known = typeOf(type);
    const id = idOf(known, inputs);
    const name = id.slice(id.lastIndexOf("/") + 1);
    if (this.state.find(id)) {
      throw new Refusal(`cannot create already existing resource ${id}`);
    }
    const kept = keptName(type, name);
    if (known.softDelete && this.state.softDeleted.has(kept)) {
      throw new Refusal(
        `Code="ConflictError" ${name} exists in deleted state; recover or purge it`,
      );
    }
    if (known.global && this.state.all(type).some((other) => other.id.endsWith(`/${name}`))) {
      throw new Refusal(`Code="NameNotAvailable" ${name} is taken`);
    }
    this.requireParents(known, inputs, id);
    this.requireReferences(inputs, id);
    requireRegion(inputs["location"]);
    known.requires?.(inputs, this.state, id);
    const outputs = { ...inputs, ...known.outputs?.(inputs, this.state, id), name };
    this.state.put({ type, id, inputs, outputs });
    return { id, outputs };
  }

  read(_subject: Subject, id: string): Properties | undefined {
    return this.state.find(id)?.outputs;
  }

  update({ type }: Subject, id: string, inputs: Properties, before: Before): Properties {
    const known = typeOf(type);
    const live = this.state.find(id);
    if (!live) throw new Refusal(`Code="ResourceNotFound" ${id}`);
    const refused = differences(before.inputs, inputs).find((path) =>
      covered(path, known.frozen ?? []),
    );
    if (refused !== undefined) {
      throw new Refusal(`Code="PropertyChangeNotAllowed" ${refused} of ${id} cannot be changed`);
    }
    this.requireReferences(inputs, id);
    known.requires?.(inputs, this.state, id);
    live.inputs = inputs;
    live.outputs = { ...live.outputs, ...inputs };
    if (type.endsWith(":TaskRun"))
      Object.assign(live.outputs, known.outputs?.(inputs, this.state, id));
    this.state.put(live);
    return live.outputs;
  }

  delete({ type }: Subject, id: string): void {
    const known = typeOf(type);
    const live = this.state.find(id);
    if (!live) return;
    for (const other of this.state.live.values()) {
      if (other === live) continue;
      const inside = isInside(other, live);
      if (inside && known.cascades) continue;
      if (inside || refersTo(other, live)) {
        throw new Refusal(`Code="Conflict" ${id} cannot be deleted: ${other.id} depends on it`);
      }
    }
    for (const other of [...this.state.live.values()]) {
      if (isInside(other, live)) this.state.remove(other.id);
    }
    if (known.softDelete)
      this.state.softDeleted.add(keptName(type, id.slice(id.lastIndexOf("/") + 1)));
    this.state.remove(id);
  }

  private requireParents(known: AzureType, inputs: Properties, id: string): void {
    if (known.parent === "subscription") return;
    const parents: string[] =
      known.parent === "scope"
        ? [String(inputs["scope"])]
        : [groupOf(inputs), parentOf(known, inputs)];
    for (const parent of parents) {
      if (!this.state.find(parent)) {
        throw new Refusal(
          `Code="ParentResourceNotFound" ${parent} does not exist, which ${id} needs`,
        );
      }
    }
  }

  /** Every id of a resource among the inputs must be that of one which exists. */
  private requireReferences(inputs: Properties, id: string): void {
    for (const reference of references(inputs)) {
      if (!this.state.find(reference)) {
        throw new Refusal(
          `Code="LinkedInvalidPropertyId" ${reference} does not exist, which ${id} names`,
        );
      }
    }
    const { principalId } = inputs;
    const known = [
      deployer.objectId,
      ...this.state.all(":UserAssignedIdentity").map(({ outputs }) => outputs["principalId"]),
    ];
    if (principalId !== undefined && !known.includes(principalId)) {
      throw new Refusal(`Code="PrincipalNotFound" ${JSON.stringify(principalId)}`);
    }
  }

  private userCredentials({ resourceGroupName, resourceName }: Properties): Properties {
    const id = `${subscription}/resourceGroups/${String(resourceGroupName)}/providers/Microsoft.ContainerService/managedClusters/${String(resourceName)}`;
    const cluster = this.state.find(id);
    if (!cluster) throw new Refusal(`Code="ResourceNotFound" ${id}`);
    if (!hasRole(this.state, deployer.objectId, "aksClusterUser", id)) {
      throw new Refusal(
        `Code="AuthorizationFailed" the deployer may not list the credentials of ${id}`,
      );
    }
    const server = `https://${String(cluster.outputs["fqdn"])}:443`;
    const text = `apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster: {server: "${server}", certificate-authority-data: Q0E=}
users:
- name: clusterUser
  user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubelogin, args: [get-token, --login, devicecode]}}
contexts:
- name: aks
  context: {cluster: aks, user: clusterUser}
current-context: aks
`;
    return { kubeconfigs: [{ name: "clusterUser", value: Buffer.from(text).toString("base64") }] };
  }
}

function typeOf(type: string): AzureType {
  const known = azureTypes[type.replace("azure-native:", "")];
  if (!known) throw new Refusal(`the simulation does not know ${type}`);
  return known;
}

const keptName = (type: string, name: string) => `${type} ${name}`.toLowerCase();

const groupOf = (inputs: Properties) =>
  `${subscription}/resourceGroups/${String(inputs["resourceGroupName"])}`;

function parentOf({ parent }: AzureType, inputs: Properties): string {
  if (parent === "subscription") return subscription;
  if (parent === "scope") return String(inputs["scope"]);
  const parts = (parent ?? []).map((part, index) =>
    index % 2 === 0 ? part : String(inputs[part]),
  );
  return [groupOf(inputs), ...parts].join("/");
}

function idOf(known: AzureType, inputs: Properties): string {
  const path = known.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => String(inputs[name]));
  return `${parentOf(known, inputs)}/${path}`;
}

/** Ids of resources anywhere among the inputs; role definitions are Azure's own. */
function references(value: unknown): string[] {
  if (typeof value === "string") {
    return value.startsWith("/subscriptions/") &&
      !value.includes("/roleDefinitions/") &&
      value !== unknownValue
      ? [value]
      : [];
  }
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap(references)
    : [];
}

/** What lives inside of another: by its id, in the cluster, or in the registry. */
const isInside = (other: Live, live: Live) =>
  other.id.toLowerCase().startsWith(`${live.id.toLowerCase()}/`) ||
  (live.outputs["fqdn"] !== undefined &&
    other.id.startsWith(`https://${live.outputs["fqdn"] as string}:`)) ||
  (live.outputs["loginServer"] !== undefined &&
    other.id.startsWith(`pushed ${live.outputs["loginServer"] as string}/`));

const refersTo = (other: Live, live: Live) =>
  references(other.inputs).some((id) => id.toLowerCase() === live.id.toLowerCase()) ||
  (live.type.endsWith(":UserAssignedIdentity") &&
    other.inputs["principalId"] === live.outputs["principalId"]);
