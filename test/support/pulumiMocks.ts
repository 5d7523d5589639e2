import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";
import { project } from "./stack";

/** One registration as the program sent it to the engine. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Class and logical name of the parent; empty for the stack. */
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the engine would store: secrets still marked. */
  readonly options: RegistrationOptions;
}

/** Options of a registration that tests assert. */
export interface RegistrationOptions {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  /** Logical name of the resource it is deleted with; empty for none. */
  readonly deletedWith: string;
  /** Logical name of its explicit provider; empty for none. */
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly timeouts: boolean;
}

type State = Record<string, unknown>;
type Maker = (inputs: State, name: string) => State;

const named =
  (key: string): Maker =>
  (inputs) => ({ ...inputs, name: inputs[key] });
const same: Maker = (inputs) => inputs;

/** Every type the program may register, with the outputs a provider would add. Anything else is a mistake. */
const makers: Readonly<Record<string, Maker>> = {
  "pulumi:providers:kubernetes": same,
  "pulumi-nodejs:dynamic/accelerated-scoring:LocalKeys": (inputs, name) => ({
    ...inputs,
    primaryKey: `${name}-primary-value`,
    secondaryKey: `${name}-secondary-value`,
  }),
  "pulumi-nodejs:dynamic/accelerated-scoring:LocalProcess": (inputs) => ({
    ...inputs,
    url: "http://127.0.0.1:5001",
    grpcEndpoint: "127.0.0.1:50051",
  }),
  "random:index/randomString:RandomString": (inputs) => ({ ...inputs, result: "abc123" }),
  "random:index/randomPassword:RandomPassword": (inputs, name) => ({
    ...inputs,
    result: `${name}-value`,
  }),
  "tls:index/privateKey:PrivateKey": (inputs, name) => ({
    ...inputs,
    privateKeyPem: `${name} PEM`,
  }),
  "tls:index/selfSignedCert:SelfSignedCert": (inputs, name) => ({
    ...inputs,
    certPem: `${name} PEM\n`,
  }),
  "tls:index/certRequest:CertRequest": (inputs, name) => ({
    ...inputs,
    certRequestPem: `${name} PEM`,
  }),
  "tls:index/locallySignedCert:LocallySignedCert": (inputs, name) => ({
    ...inputs,
    certPem: `${name} PEM\n`,
  }),
  "azure-native:resources:ResourceGroup": named("resourceGroupName"),
  "azure-native:storage:StorageAccount": named("accountName"),
  "azure-native:storage:BlobContainer": named("containerName"),
  "azure-native:storage:Blob": named("blobName"),
  "azure-native:keyvault:Vault": named("vaultName"),
  "azure-native:operationalinsights:Workspace": named("workspaceName"),
  "azure-native:applicationinsights:Component": (inputs) => ({
    ...inputs,
    name: inputs["resourceName"],
    connectionString: "InstrumentationKey=0",
  }),
  "azure-native:managedidentity:UserAssignedIdentity": (inputs, name) => ({
    ...inputs,
    name: inputs["resourceName"],
    principalId: `${name}-principal`,
    clientId: `${name}-client`,
  }),
  "azure-native:authorization:RoleAssignment": same,
  "azure-native:machinelearningservices:Workspace": named("workspaceName"),
  "azure-native:machinelearningservices:Datastore": same,
  "azure-native:machinelearningservices:ModelContainer": same,
  "azure-native:machinelearningservices:ModelVersion": (inputs) => ({
    ...inputs,
    name: inputs["version"],
  }),
  "azure-native:containerregistry:Registry": (inputs) => ({
    ...inputs,
    name: inputs["registryName"],
    loginServer: `${String(inputs["registryName"])}.azurecr.io`,
  }),
  "azure-native:containerregistry:TaskRun": (inputs) => ({
    ...inputs,
    runResult: {
      runId: "ca1",
      runErrorMessage: "",
      logArtifact: { repository: "acr/runs", tag: "ca1" },
      outputImages: [{ digest: `sha256:${"1".repeat(64)}` }],
    },
  }),
  "azure-native:containerservice:ManagedCluster": (inputs) => ({
    ...inputs,
    name: inputs["resourceName"],
    provisioningState: "Succeeded",
    powerState: { code: "Running" },
    oidcIssuerProfile: { enabled: true, issuerURL: "https://issuer.example.com/" },
  }),
  "azure-native:containerservice:AgentPool": named("agentPoolName"),
  "docker:index/image:Image": (inputs) => ({
    ...inputs,
    repoDigest: `${String(inputs["imageName"]).split(":")[0]}@sha256:${"0".repeat(64)}`,
  }),
  "kubernetes:core/v1:Namespace": same,
  "kubernetes:core/v1:ServiceAccount": same,
  "kubernetes:core/v1:Secret": versioned,
  "kubernetes:core/v1:ConfigMap": versioned,
  "kubernetes:core/v1:Service": (inputs) => ({
    ...inputs,
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.9" }] } },
  }),
  "kubernetes:apps/v1:Deployment": (inputs) => ({
    ...inputs,
    status: { replicas: 3, readyReplicas: 3 },
  }),
  "kubernetes:apps/v1:DaemonSet": same,
  "kubernetes:policy/v1:PodDisruptionBudget": same,
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": same,
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": same,
};

function versioned(inputs: State): State {
  return { ...inputs, metadata: { ...(inputs["metadata"] as State), resourceVersion: "1" } };
}

/** A kubeconfig as AKS sends it. */
export const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: aks
  cluster: {server: "https://aks.example.com:443", certificate-authority-data: Q0E=}
users:
- name: clusterUser
  user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubelogin, args: [get-token, --login, devicecode]}}
contexts:
- name: aks
  context: {cluster: aks, user: clusterUser}
current-context: aks
`;

function call({ token }: MockCallArgs): State {
  switch (token) {
    case "azure-native:authorization:getClientConfig":
      return {
        clientId: "client",
        objectId: "deployer",
        subscriptionId: "subscription",
        tenantId: "tenant",
      };
    case "azure-native:authorization:getClientToken":
      throw new Error("nobody is signed in");
    case "azure-native:containerservice:listManagedClusterUserCredentials":
      return {
        kubeconfigs: [{ name: "aks", value: Buffer.from(kubeconfig).toString("base64") }],
      };
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

function newResource({ type, name, inputs, custom }: MockResourceArgs) {
  if (!custom) {
    if (!type.startsWith("accelerated-scoring:") && type !== "pulumi:pulumi:Stack") {
      throw new Error(`unexpected component ${type} ${name}`);
    }
    return { id: undefined, state: {} };
  }
  const make = makers[type];
  if (!make) throw new Error(`unexpected resource ${type} ${name}`);
  return { id: `${name}-id`, state: make(inputs as State, name) };
}

const lastPart = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** `Class name` of a component by its URN; empty for the stack. */
function parentOf(urn: string): string {
  const type = (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
  return type === "pulumi:pulumi:Stack" || urn === ""
    ? ""
    : `${type.split(":").at(-1)} ${lastPart(urn)}`;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletedwith(): string;
  getIgnorechangesList(): string[];
  getDependenciesList(): string[];
  getCustomtimeouts(): { getCreate(): string } | undefined;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getCustom(): boolean;
}

interface Monitor {
  registerResource: (request: RegisterRequest, callback: unknown) => Promise<void>;
  registerResourceOutputs: (request: OutputsRequest, callback: unknown) => void;
}

interface OutputsRequest {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> } | undefined;
}

/** What a run of the program registered. */
export interface Recording {
  readonly registrations: Registration[];
  /** Names of the outputs that each component registered, by its class and logical name. */
  readonly outputs: Map<string, readonly string[]>;
}

/** Sets strict mocks and records everything that is registered from then on. */
export async function record(stack = "test", preview = true): Promise<Recording> {
  await pulumi.runtime.setMocks({ newResource, call }, project, stack, preview);
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const recording: Recording = { registrations: [], outputs: new Map() };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    if (request.getType() !== "pulumi:pulumi:Stack") {
      recording.registrations.push({
        type: request.getType(),
        name: request.getName(),
        parent: parentOf(request.getParent()),
        inputs: request.getObject().toJavaScript(),
        options: {
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          ignoreChanges: request.getIgnorechangesList(),
          deletedWith: lastPart(request.getDeletedwith()),
          provider: lastPart(request.getProvider().replace(/::[^:]*$/, "")),
          dependencies: request.getDependenciesList().map(lastPart),
          timeouts: (request.getCustomtimeouts()?.getCreate() ?? "") !== "",
        },
      });
    }
    return register(request, callback);
  };
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    recording.outputs.set(
      parentOf(request.getUrn()),
      Object.keys(request.getOutputs()?.toJavaScript() ?? {}).sort(),
    );
    registerOutputs(request, callback);
  };
  return recording;
}

/** Waits until everything that was begun has been registered. */
export async function settled(): Promise<void> {
  const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };
  await waitForRPCs();
}

/** The [type, name] pairs in the order of the alphabet. */
export const typesAndNames = ({ registrations }: Recording): string[] =>
  registrations.map(({ type, name }) => `${type} ${name}`).sort();

/** The one registration of that name and type, which need not be the whole of its token. */
export function find({ registrations }: Recording, type: string, name?: string): Registration {
  const found = registrations.filter(
    (registration) =>
      registration.type.endsWith(type) && (name === undefined || registration.name === name),
  );
  if (found.length !== 1 || !found[0]) {
    throw new Error(`${found.length} registrations of ${type} ${name ?? ""}, not one`);
  }
  return found[0];
}

/** The value of an output and whether it is secret. */
export async function reveal<T>(
  output: pulumi.Input<T>,
): Promise<{ readonly value: unknown; readonly secret: boolean }> {
  const wrapped = pulumi.output(output) as pulumi.Output<unknown>;
  const value = await new Promise<unknown>((resolve) => wrapped.apply(resolve));
  return { value, secret: await pulumi.isSecret(wrapped) };
}

/** The marker that the engine's protocol puts on secrets. */
export const secretSignature = "4dabf18193072939515e22adb298388d";

/** Whether a recorded input is marked secret. */
export const isSecretInput = (value: unknown): boolean =>
  typeof value === "object" && value !== null && secretSignature in value;
