/** What Azure, Kubernetes and the other providers answer under mocks. */
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";

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

/** Answers the calls that the program makes of providers. @throws Error for any other */
export function call({ token }: MockCallArgs): State {
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

/** What a provider would answer to the creation of a resource. @throws Error for a type that the program may not register */
export function newResource({ type, name, inputs, custom }: MockResourceArgs) {
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
