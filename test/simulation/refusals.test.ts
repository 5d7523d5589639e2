import assert from "node:assert/strict";
import { SimulatedAzure } from "./azure";
import { SimulatedKubernetes } from "./kubernetes";
import { azureProblems, type Problem } from "./schema";
import { State, type Properties } from "./state";
import { deployer, roleIds } from "./subscription";

const group = `/subscriptions/${deployer.subscriptionId}/resourceGroups/g`;
const inGroup = { resourceGroupName: "g", location: "eastus" };
const subject = (type: string) => ({ type: `azure-native:${type}`, name: type });
const lines = (problems: readonly Problem[] | undefined) =>
  (problems ?? []).map(({ path, reason }) => `${path} ${reason}`);

describe("simulated Azure refuses", () => {
  let azure: SimulatedAzure;
  let state: State;
  const create = (type: string, inputs: Properties) => azure.create(subject(type), inputs);

  beforeEach(() => {
    state = new State();
    azure = new SimulatedAzure(state);
    create("resources:ResourceGroup", inGroup);
  });

  it("what Microsoft's clients do not allow: names, enumerations, numbers, unknown and missing properties", () => {
    assert.deepEqual(
      lines(
        azureProblems("azure-native:containerservice:AgentPool", {
          resourceGroupName: "g",
          resourceName: "c",
          agentPoolName: "GPU-pool",
          mode: "Users",
          osDiskSizeGB: 5000,
          vmsize2: "x",
        }),
      ),
      [
        'agentPoolName is "GPU-pool", must match ^[a-z][a-z0-9]{0,11}$',
        'mode is "Users", must be one of System, User, Gateway',
        "osDiskSizeGB must be at most 2048",
        "vmsize2 is not a property of this API",
      ],
    );
    assert.deepEqual(lines(azureProblems("azure-native:storage:StorageAccount", { ...inGroup })), [
      "accountName is required",
      "kind is required",
    ]);
  });

  it("a resource without its parent, in another place, or twice", () => {
    assert.throws(
      () =>
        create("managedidentity:UserAssignedIdentity", {
          ...inGroup,
          resourceGroupName: "h",
          resourceName: "one",
        }),
      /ParentResourceNotFound/,
    );
    assert.throws(
      () =>
        create("managedidentity:UserAssignedIdentity", {
          ...inGroup,
          location: "atlantis",
          resourceName: "one",
        }),
      /LocationNotAvailable/,
    );
    create("managedidentity:UserAssignedIdentity", { ...inGroup, resourceName: "one" });
    assert.throws(
      () => create("managedidentity:UserAssignedIdentity", { ...inGroup, resourceName: "one" }),
      /already existing/,
    );
  });

  it("ids and principals that do not resolve", () => {
    const vault = create("keyvault:Vault", { ...inGroup, vaultName: "v", properties: {} });
    const role = {
      scope: vault.id,
      roleDefinitionId: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${roleIds.contributor}`,
      roleAssignmentName: "r",
    };
    assert.throws(
      () => create("authorization:RoleAssignment", { ...role, principalId: "nobody" }),
      /PrincipalNotFound/,
    );
    assert.throws(
      () =>
        create("applicationinsights:Component", {
          ...inGroup,
          resourceName: "i",
          workspaceResourceId: `${group}/providers/Microsoft.OperationalInsights/workspaces/w`,
        }),
      /LinkedInvalidPropertyId/,
    );
  });

  it("the deletion of what others depend on, and the name of what was deleted softly", () => {
    const vault = create("keyvault:Vault", { ...inGroup, vaultName: "v", properties: {} });
    assert.throws(() => {
      azure.delete(subject("resources:ResourceGroup"), group);
    }, /depends on it/);
    azure.delete(subject("keyvault:Vault"), vault.id);
    assert.throws(
      () => create("keyvault:Vault", { ...inGroup, vaultName: "v", properties: {} }),
      /exists in deleted state/,
    );
  });

  it("a change of what Azure fixes at creation", () => {
    const inputs = { ...inGroup, vaultName: "v", properties: { softDeleteRetentionInDays: 90 } };
    const { id, outputs } = create("keyvault:Vault", inputs);
    assert.throws(
      () =>
        azure.update(
          subject("keyvault:Vault"),
          id,
          { ...inputs, properties: { softDeleteRetentionInDays: 7 } },
          { inputs, outputs },
        ),
      /softDeleteRetentionInDays of .* cannot be changed/,
    );
  });
});

describe("simulated Kubernetes refuses", () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "n" },
    spec: {
      selector: { matchLabels: { app: "d" } },
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: {
        metadata: { labels: { app: "d" } },
        spec: {
          containers: [
            { name: "c", image: "registry.example.com/c", resources: { limits: { cpu: "2" } } },
          ],
        },
      },
    },
  };
  const about = { type: "kubernetes:apps/v1:Deployment", name: "d" };
  const problems = (change: (object: typeof deployment) => void) => {
    const object = structuredClone(deployment);
    change(object);
    return lines(new SimulatedKubernetes(new State()).check(about, object).problems);
  };

  it("nothing of a sound Deployment", () => {
    assert.deepEqual(
      problems(() => undefined),
      [],
    );
  });

  it("what the OpenAPI file does not allow", () => {
    assert.deepEqual(
      problems((object) => {
        Object.assign(object.spec, { replicas: "3", replica: 3 });
        Object.assign(object.spec.template.spec.containers[0] ?? {}, {
          name: undefined,
          resources: { limits: { cpu: "two" } },
        });
      }),
      [
        "spec.template.spec.containers[0].name Required value",
        "spec.template.spec.containers[0].resources.limits.cpu two is no quantity",
        'spec.replicas must be integer, not "3"',
        "spec.replica unknown field",
      ],
    );
  });

  it("labels that do not match, a rollout that cannot go on, a name that is none", () => {
    assert.deepEqual(
      problems((object) => {
        object.metadata.name = "D_";
        object.spec.template.metadata.labels.app = "e";
        object.spec.strategy.rollingUpdate.maxUnavailable = 0;
      }),
      ["metadata.name D_ is no RFC 1123 name"],
    );
    assert.deepEqual(
      problems((object) => {
        object.spec.template.metadata.labels.app = "e";
        object.spec.strategy.rollingUpdate.maxUnavailable = 0;
      }),
      [
        "spec.template.metadata.labels `selector` does not match template `labels`",
        "spec.strategy.rollingUpdate.maxUnavailable may not be 0 when `maxSurge` is 0",
      ],
    );
  });

  it("containers of a pod that share a name or a port, and a probe of what ends before the others start", () => {
    const container = { image: "i", ports: [{ containerPort: 8001 }] };
    assert.deepEqual(
      problems((object) => {
        Object.assign(object.spec.template.spec, {
          initContainers: [
            {
              ...container,
              name: "c",
              restartPolicy: "Always",
              startupProbe: { periodSeconds: 1 },
            },
            { ...container, name: "once", startupProbe: { periodSeconds: 1 } },
          ],
        });
      }),
      [
        "initContainers[once] may not be set for init containers without restartPolicy=Always",
        "containers[once].ports 8001 is another container's",
        "spec.template.spec.containers Duplicate value: c",
      ],
    );
  });

  it("objects in a namespace that is not there, and pods that the namespace forbids", () => {
    const state = new State();
    const kubernetes = new SimulatedKubernetes(state);
    assert.throws(() => kubernetes.create(about, deployment), /namespaces "n" not found/);
    kubernetes.create(
      { type: "kubernetes:core/v1:Namespace", name: "n" },
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "n", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
      },
    );
    assert.throws(
      () => kubernetes.create(about, deployment),
      /violates PodSecurity "restricted:latest": seccompProfile, c: allowPrivilegeEscalation != false, c: unrestricted capabilities, c: runAsNonRoot != true/,
    );
  });
});
