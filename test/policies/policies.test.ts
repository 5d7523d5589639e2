import assert from "node:assert/strict";
import { Secret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { policies } from "../../policies/policies";
import { secretSignature, type Registration } from "../support/pulumiMocks";
import { runProgram } from "../support/program";

const policy = (name: string): ResourceValidationPolicy => {
  const found = policies.find((candidate) => candidate.name === name);
  assert(found, name);
  return found;
};

/** What one policy reports of one resource. */
async function reports(
  { validateResource }: ResourceValidationPolicy,
  type: string,
  props: object,
  config: object = { allowed: [] },
): Promise<string[]> {
  const found: string[] = [];
  const args = { type, props, getConfig: () => config } as unknown as ResourceValidationArgs;
  for (const validate of [validateResource ?? []].flat()) {
    await validate(args, (message) => found.push(message));
  }
  return found;
}

/** Values as a policy sees them: secrets unpacked. */
function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value && "value" in value) return unpacked(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]));
}

const workload = (container: object, pod: object = {}, namespace = "scoring") => ({
  metadata: { namespace },
  spec: { template: { spec: { ...pod, containers: [{ name: "a", ...container }] } } },
});
const deployment = "kubernetes:apps/v1:Deployment";

/** A pod whose driver installer may do everything. */
const privileged = (namespace: string) => ({
  metadata: { namespace },
  spec: {
    template: {
      spec: {
        initContainers: [{ name: "driver-installer", securityContext: { privileged: true } }],
      },
    },
  },
});

/** Policy, type, what it refuses with which messages, and what it lets through. */
const cases: readonly [string, string, object, readonly string[], object][] = [
  [
    "no-public-storage",
    "azure-native:storage:StorageAccount",
    {},
    ["Set allowBlobPublicAccess to false."],
    { allowBlobPublicAccess: false },
  ],
  [
    "no-public-storage",
    "azure-native:storage:BlobContainer",
    { publicAccess: "Blob" },
    ["Set publicAccess to None."],
    {},
  ],
  [
    "shared-keys-are-a-choice",
    "azure-native:storage:StorageAccount",
    { allowSharedKeyAccess: true },
    ["Set defaultToOAuthAuthentication to true, or allowSharedKeyAccess to false."],
    { allowSharedKeyAccess: false },
  ],
  [
    "registry-admin-off",
    "azure-native:containerregistry:Registry",
    { anonymousPullEnabled: true },
    ["Set adminUserEnabled to false.", "Set anonymousPullEnabled to false."],
    { adminUserEnabled: false },
  ],
  [
    "local-accounts-off",
    "azure-native:containerservice:ManagedCluster",
    { disableLocalAccounts: false },
    ["Set disableLocalAccounts to true."],
    { disableLocalAccounts: true },
  ],
  [
    "pods-limited",
    deployment,
    workload({ resources: { limits: { cpu: "1" } } }),
    ["Set resources.limits.memory of container a."],
    workload({ resources: { limits: { cpu: "1", memory: "1G" } } }),
  ],
  [
    "pods-limited",
    "kubernetes:batch/v1:CronJob",
    { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: "b" }] } } } } } },
    ["Set resources.limits.cpu of container b.", "Set resources.limits.memory of container b."],
    {},
  ],
  [
    "pods-not-root",
    deployment,
    workload({ securityContext: { privileged: true } }),
    [
      "Set securityContext.runAsNonRoot of container a to true.",
      "Set securityContext.allowPrivilegeEscalation of container a to false.",
    ],
    workload(
      { securityContext: { allowPrivilegeEscalation: false } },
      { securityContext: { runAsNonRoot: true } },
    ),
  ],
  [
    "pods-not-root",
    "kubernetes:core/v1:Pod",
    {
      spec: {
        initContainers: [
          {
            name: "i",
            securityContext: { runAsNonRoot: true, runAsUser: 0, allowPrivilegeEscalation: false },
          },
        ],
      },
    },
    ["Set securityContext.runAsNonRoot of container i to true."],
    workload({ securityContext: { allowPrivilegeEscalation: false } }, {}, "device-plugins"),
  ],
  [
    "pods-not-root",
    deployment,
    privileged("scoring"),
    [
      "Set securityContext.runAsNonRoot of container driver-installer to true.",
      "Set securityContext.allowPrivilegeEscalation of container driver-installer to false.",
    ],
    privileged("device-plugins"),
  ],
  [
    "no-retired-size",
    "azure-native:containerservice:AgentPool",
    { vmSize: "Standard_NC6" },
    [
      "Standard_NC6 is retired; set Standard_NC4as_T4_v3, or allow it in this policy's configuration.",
    ],
    { vmSize: "Standard_NC4as_T4_v3" },
  ],
  [
    "no-retired-size",
    "azure-native:containerservice:ManagedCluster",
    { agentPoolProfiles: [{ vmSize: "Standard_PB6s" }] },
    ["Standard_PB6s is retired; set Standard_NP10s, or allow it in this policy's configuration."],
    {},
  ],
  [
    "tags-present",
    "azure-native:keyvault:Vault",
    { tags: { project: "p" } },
    ["Set the tag stack."],
    { tags: { project: "p", stack: "s" } },
  ],
  [
    "no-secret-in-clear",
    deployment,
    workload({ env: [{ name: "PRIMARY_KEY", value: "abc" }] }),
    ["Take PRIMARY_KEY of container a from a Secret."],
    workload({ env: [{ name: "PRIMARY_KEY", valueFrom: {} }] }),
  ],
  [
    "no-secret-in-clear",
    "kubernetes:core/v1:ConfigMap",
    { data: { SECONDARY_KEY: "abc", cert: "-----BEGIN PRIVATE KEY-----" } },
    [
      "Move SECONDARY_KEY from the ConfigMap to a Secret.",
      "Move cert from the ConfigMap to a Secret.",
    ],
    { data: { PORT: "5001" } },
  ],
];

describe("the policy pack", () => {
  for (const [name, type, refused, messages, accepted] of cases) {
    it(`${name} judges ${type.split(":").at(-1)}`, async () => {
      assert.deepEqual(await reports(policy(name), type, refused), messages);
      assert.deepEqual(await reports(policy(name), type, accepted), []);
    });
  }

  it("allows a retired size that its configuration names", async () => {
    assert.deepEqual(
      await reports(
        policy("no-retired-size"),
        "azure-native:containerservice:AgentPool",
        { vmSize: "Standard_NC6" },
        { allowed: ["Standard_NC6"] },
      ),
      [],
    );
  });

  it("marks what must be secret, and leaves the rest alone", () => {
    const { remediateResource } = policy("secrets-marked") as unknown as {
      remediateResource: (args: object) => Record<string, unknown> | undefined;
    };
    const marked = remediateResource({
      type: "kubernetes:core/v1:Secret",
      props: { type: "Opaque", stringData: { primaryKey: "abc" } },
    });
    assert.equal(marked?.["type"], "Opaque");
    assert(marked["stringData"] instanceof Secret);
    assert.equal(
      remediateResource({ type: "kubernetes:core/v1:ConfigMap", props: { data: {} } }),
      undefined,
    );
  });

  for (const stack of ["eastus", "westus2", "westeurope", "southeastasia", "edge"]) {
    it(`finds nothing in ${stack}`, async () => {
      const { registrations } = await runProgram(stack);
      const judged = async ({ type, inputs, name }: Registration) => {
        const all = await Promise.all(
          policies.map((each) => reports(each, type, unpacked(inputs) as object)),
        );
        return all.flat().map((message) => `${name}: ${message}`);
      };
      assert.deepEqual((await Promise.all(registrations.map(judged))).flat(), []);
    });
  }
});
