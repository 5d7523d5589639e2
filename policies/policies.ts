import { Secret, type ResourceValidationPolicy } from "@pulumi/policy";
import { findVmSize } from "../components/catalogue/vmSizes";
import { devicePluginNamespace, driverInstallerName } from "../components/devicePlugin";
import { podsOf, type Container } from "./pods";

type Props = Readonly<Record<string, unknown>>;

const storageAccount = "azure-native:storage:StorageAccount";

/** Azure types of the program that carry tags. */
const taggable: ReadonlySet<string> = new Set([
  "azure-native:resources:ResourceGroup",
  storageAccount,
  "azure-native:keyvault:Vault",
  "azure-native:operationalinsights:Workspace",
  "azure-native:applicationinsights:Component",
  "azure-native:managedidentity:UserAssignedIdentity",
  "azure-native:machinelearningservices:Workspace",
  "azure-native:containerregistry:Registry",
  "azure-native:containerservice:ManagedCluster",
  "azure-native:containerservice:AgentPool",
]);

/** Properties that hold a secret, by type; the engine encrypts what a remediation returns as Secret. */
const secretProperties: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:core/v1:Secret": ["stringData", "data"],
  "pulumi:providers:kubernetes": ["kubeconfig"],
};

const noPublicStorage: ResourceValidationPolicy = {
  name: "no-public-storage",
  description: "No blob can be read without signing in.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    if (type === storageAccount && (props as Props)["allowBlobPublicAccess"] !== false) {
      report("Set allowBlobPublicAccess to false.");
    }
    const access = (props as Props)["publicAccess"] ?? "None";
    if (type === "azure-native:storage:BlobContainer" && access !== "None") {
      report("Set publicAccess to None.");
    }
  },
};

const sharedKeys: ResourceValidationPolicy = {
  name: "shared-keys-are-a-choice",
  description:
    "azure-native uploads blobs with the account's key (pulumi-azure-native #2015), so an account may allow shared keys; everything else must then go by Entra unless it says otherwise.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    if (type !== storageAccount) return;
    const { allowSharedKeyAccess, defaultToOAuthAuthentication } = props as Props;
    if (allowSharedKeyAccess !== false && defaultToOAuthAuthentication !== true) {
      report("Set defaultToOAuthAuthentication to true, or allowSharedKeyAccess to false.");
    }
  },
};

const registryAdminOff: ResourceValidationPolicy = {
  name: "registry-admin-off",
  description: "Registries are reached with Entra identities only.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    if (type !== "azure-native:containerregistry:Registry") return;
    const { adminUserEnabled, anonymousPullEnabled } = props as Props;
    if (adminUserEnabled !== false) report("Set adminUserEnabled to false.");
    if (anonymousPullEnabled === true) report("Set anonymousPullEnabled to false.");
  },
};

const localAccountsOff: ResourceValidationPolicy = {
  name: "local-accounts-off",
  description: "Clusters know no account but Entra's.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    if (type !== "azure-native:containerservice:ManagedCluster") return;
    if ((props as Props)["disableLocalAccounts"] !== true) {
      report("Set disableLocalAccounts to true.");
    }
  },
};

const podsLimited: ResourceValidationPolicy = {
  name: "pods-limited",
  description: "Every container says how much CPU and memory it may take.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    for (const { spec } of podsOf(type, props as Props)) {
      for (const { name = "?", resources } of containersOf(spec)) {
        for (const what of ["cpu", "memory"]) {
          if (!resources?.limits?.[what])
            report(`Set resources.limits.${what} of container ${name}.`);
        }
      }
    }
  },
};

const podsNotRoot: ResourceValidationPolicy = {
  name: "pods-not-root",
  description: `No container runs as root or gains rights; in ${devicePluginNamespace} root may run, since the kubelet's socket belongs to it, and ${driverInstallerName} there may take every right, since it loads a kernel module.`,
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    for (const { spec, namespace } of podsOf(type, props as Props)) {
      for (const { name = "?", securityContext: own } of containersOf(spec)) {
        if (namespace === devicePluginNamespace && name === driverInstallerName) continue;
        const nonRoot = own?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot;
        if (namespace !== devicePluginNamespace && (nonRoot !== true || own?.runAsUser === 0)) {
          report(`Set securityContext.runAsNonRoot of container ${name} to true.`);
        }
        if (own?.privileged === true || own?.allowPrivilegeEscalation !== false) {
          report(`Set securityContext.allowPrivilegeEscalation of container ${name} to false.`);
        }
      }
    }
  },
};

const containersOf = (spec: {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}): readonly Container[] => [...(spec.containers ?? []), ...(spec.initContainers ?? [])];

const noRetiredSize: ResourceValidationPolicy = {
  name: "no-retired-size",
  description: "No node has a VM size that Azure has retired.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: { allowed: { type: "array", items: { type: "string" }, default: [] } },
  },
  validateResource: (args, report) => {
    const { type, props } = args;
    const { vmSize, agentPoolProfiles } = props as Props;
    const sizes =
      type === "azure-native:containerservice:AgentPool"
        ? [vmSize]
        : type === "azure-native:containerservice:ManagedCluster"
          ? ((agentPoolProfiles ?? []) as readonly Props[]).map((pool) => pool["vmSize"])
          : [];
    const { allowed } = args.getConfig<{ readonly allowed: readonly string[] }>();
    for (const name of sizes) {
      if (typeof name !== "string" || allowed.includes(name)) continue;
      const size = findVmSize(name);
      const passed = size?.retirementDate && new Date(size.retirementDate) <= new Date();
      if (size?.status === "retired" || passed) {
        report(
          `${name} is retired; set ${size?.successor ?? "another size"}, or allow it in this policy's configuration.`,
        );
      }
    }
  },
};

const tagsPresent: ResourceValidationPolicy = {
  name: "tags-present",
  description: "Every resource that can be tagged names its project and stack.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    if (!taggable.has(type)) return;
    const tags = ((props as Props)["tags"] ?? {}) as Props;
    for (const name of ["project", "stack"]) {
      if (!tags[name]) report(`Set the tag ${name}.`);
    }
  },
};

const secretsMarked: ResourceValidationPolicy = {
  name: "secrets-marked",
  description:
    "Kubernetes Secrets and kubeconfigs are encrypted in the state. Policies see values unpacked, so this one marks them rather than asks.",
  enforcementLevel: "remediate",
  remediateResource: ({ type, props }) => {
    const marked = (secretProperties[type] ?? []).filter(
      (name) => (props as Props)[name] !== undefined,
    );
    if (marked.length === 0) return undefined;
    return {
      ...props,
      ...Object.fromEntries(marked.map((name) => [name, new Secret((props as Props)[name])])),
    };
  },
};

const noSecretInClear: ResourceValidationPolicy = {
  name: "no-secret-in-clear",
  description: "Keys reach pods from Secrets, never as plain variables or from ConfigMaps.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    const secretName = /KEY$|PASSWORD|TOKEN$/;
    for (const { spec } of podsOf(type, props as Props)) {
      for (const { name = "?", env = [] } of containersOf(spec)) {
        for (const variable of env) {
          if (secretName.test(variable.name) && variable.value) {
            report(`Take ${variable.name} of container ${name} from a Secret.`);
          }
        }
      }
    }
    if (type !== "kubernetes:core/v1:ConfigMap") return;
    for (const [name, value] of Object.entries(((props as Props)["data"] ?? {}) as Props)) {
      if (secretName.test(name) || String(value).includes("PRIVATE KEY-----")) {
        report(`Move ${name} from the ConfigMap to a Secret.`);
      }
    }
  },
};

/** Every policy of the pack. */
export const policies: readonly ResourceValidationPolicy[] = [
  noPublicStorage,
  sharedKeys,
  registryAdminOff,
  localAccountsOff,
  podsLimited,
  podsNotRoot,
  noRetiredSize,
  tagsPresent,
  secretsMarked,
  noSecretInClear,
];
