import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { Refusal, type Properties, type State } from "./state";
import { deployer, regions, requireRole, sizes } from "./subscription";

/** What the simulation knows of a type of Azure resource beyond its schema. */
export interface AzureType {
  /** The part of the id after the parent's, with the names of inputs in braces. */
  readonly path: string;
  /** Input that holds the parent's whole id; the resource group unless set. */
  readonly parent?: "subscription" | "scope" | readonly string[];
  /** Inputs that azure-native replaces the resource for. */
  readonly replacing: readonly string[];
  /** Inputs that ARM refuses to change and azure-native does not replace the resource for. */
  readonly frozen?: readonly string[];
  /** Outputs beside the inputs, `name` and `type`. */
  readonly outputs?: (inputs: Properties, state: State, id: string) => Properties;
  /** What must be so before the resource is created or updated. */
  readonly requires?: (inputs: Properties, state: State, id: string) => void;
  /** Whether Azure keeps the name of a deleted one. */
  readonly softDelete?: boolean;
  /** Whether the name must be free in all of Azure. */
  readonly global?: boolean;
  /** Whether what is inside goes with it. */
  readonly cascades?: boolean;
}

const inGroup = ["location", "resourceGroupName"];

const identityOf = (inputs: Properties) =>
  (inputs["identity"] as { readonly userAssignedIdentities?: readonly string[] } | undefined)
    ?.userAssignedIdentities?.[0] ?? "";

function requireSize(size: unknown, location: unknown): void {
  const found = sizes[String(size)];
  if (!found) throw new Refusal(`Code="BadRequest" the VM size ${String(size)} does not exist`);
  if (!found.regions.includes(String(location))) {
    throw new Refusal(
      `Code="BadRequest" The VM size of ${String(size)} is not allowed in your subscription in location '${String(location)}'.`,
    );
  }
}

const clusterOf = (inputs: Properties, state: State) => {
  const group = `/subscriptions/${deployer.subscriptionId}/resourceGroups/${String(inputs["resourceGroupName"])}`;
  return state.find(
    `${group}/providers/Microsoft.ContainerService/managedClusters/${String(inputs["resourceName"])}`,
  );
};

function requireCluster(inputs: Properties, state: State): void {
  const { kubeletidentity } = inputs["identityProfile"] as {
    readonly kubeletidentity: { readonly resourceId: string };
  };
  requireRole(
    state,
    state.find(identityOf(inputs)),
    "managedIdentityOperator",
    kubeletidentity.resourceId,
  );
  const pools = inputs["agentPoolProfiles"] as readonly Properties[];
  if (!pools.some(({ mode }) => mode === "System")) {
    throw new Refusal(`Code="MustDefineAtLeastOneSystemPool"`);
  }
  for (const { vmSize } of pools) requireSize(vmSize, inputs["location"]);
  const { networkDataplane, networkPolicy } = inputs["networkProfile"] as Properties;
  if (networkPolicy === "cilium" && networkDataplane !== "cilium") {
    throw new Refusal(`Code="NetworkPolicyCiliumRequiresCiliumDataplane"`);
  }
}

function requirePool(inputs: Properties, state: State): void {
  const cluster = clusterOf(inputs, state);
  requireSize(inputs["vmSize"], cluster?.inputs["location"]);
  const { enableAutoScaling, minCount, maxCount, upgradeSettings } = inputs;
  if (enableAutoScaling !== true && (minCount !== undefined || maxCount !== undefined)) {
    throw new Refusal(`Code="InvalidParameter" minCount and maxCount need enableAutoScaling`);
  }
  const { maxSurge, maxUnavailable } = (upgradeSettings ?? {}) as Properties;
  if (maxSurge === "0" && (maxUnavailable === undefined || maxUnavailable === "0")) {
    throw new Refusal(`Code="InvalidParameter" maxSurge and maxUnavailable cannot both be 0`);
  }
  if (inputs["scaleSetPriority"] !== "Spot" && inputs["spotMaxPrice"] !== undefined) {
    throw new Refusal(`Code="InvalidParameter" spotMaxPrice needs scaleSetPriority Spot`);
  }
}

function requireWorkspace(inputs: Properties, state: State): void {
  const identity = state.find(identityOf(inputs));
  const allow = (role: Parameters<typeof requireRole>[2], input: string) => {
    requireRole(state, identity, role, String(inputs[input]));
  };
  allow("contributor", "storageAccount");
  allow("blobDataContributor", "storageAccount");
  allow("contributor", "keyVault");
  allow("contributor", "applicationInsights");
  allow("contributor", "containerRegistry");
}

const identityOutputs = (_inputs: Properties, state: State): Properties => ({
  principalId: state.guid(),
  clientId: state.guid(),
  tenantId: deployer.tenantId,
});

/** Every type of azure-native that the simulation knows; the program may use no other. */
export const azureTypes: Readonly<Record<string, AzureType>> = {
  "resources:ResourceGroup": {
    path: "resourceGroups/{resourceGroupName}",
    parent: "subscription",
    replacing: ["location", "resourceGroupName"],
  },
  "authorization:RoleAssignment": {
    path: "providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    parent: "scope",
    replacing: ["principalId", "principalType", "roleDefinitionId", "scope", "roleAssignmentName"],
  },
  "managedidentity:UserAssignedIdentity": {
    path: "providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}",
    replacing: [...inGroup, "resourceName"],
    outputs: identityOutputs,
  },
  "operationalinsights:Workspace": {
    path: "providers/Microsoft.OperationalInsights/workspaces/{workspaceName}",
    replacing: [...inGroup, "workspaceName"],
    softDelete: true,
    outputs: (_inputs, state) => ({ customerId: state.guid(), provisioningState: "Succeeded" }),
  },
  "applicationinsights:Component": {
    path: "providers/Microsoft.Insights/components/{resourceName}",
    replacing: [...inGroup, "resourceName"],
    outputs: (inputs, state) => {
      const instrumentationKey = state.guid();
      return {
        instrumentationKey,
        connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=https://${String(inputs["location"])}-1.in.applicationinsights.azure.com/`,
        appId: state.guid(),
      };
    },
  },
  "keyvault:Vault": {
    path: "providers/Microsoft.KeyVault/vaults/{vaultName}",
    replacing: [...inGroup, "vaultName"],
    // The retention "cannot be changed once set", purge protection cannot be taken back (page "Key Vault soft-delete").
    frozen: ["properties.softDeleteRetentionInDays", "properties.enablePurgeProtection"],
    softDelete: true,
    global: true,
    outputs: (inputs) => ({
      properties: {
        ...(inputs["properties"] as Properties),
        vaultUri: `https://${String(inputs["vaultName"])}.vault.azure.net/`,
      },
    }),
  },
  "storage:StorageAccount": {
    path: "providers/Microsoft.Storage/storageAccounts/{accountName}",
    replacing: [...inGroup, "accountName", "isHnsEnabled", "kind"],
    global: true,
    requires: (inputs) => {
      // The client's mapper has the length alone; the page "Storage account overview" has the letters.
      if (!/^[a-z0-9]+$/.test(String(inputs["accountName"]))) {
        throw new Refusal(
          `Code="AccountNameInvalid" ${String(inputs["accountName"])} is not a valid storage account name.`,
        );
      }
    },
    outputs: (inputs) => ({
      primaryEndpoints: { blob: `https://${String(inputs["accountName"])}.blob.core.windows.net/` },
      provisioningState: "Succeeded",
    }),
  },
  "storage:BlobContainer": {
    path: "blobServices/default/containers/{containerName}",
    parent: ["providers/Microsoft.Storage/storageAccounts", "accountName"],
    replacing: ["resourceGroupName", "accountName", "containerName"],
    cascades: true,
  },
  "storage:Blob": {
    path: "blobs/{blobName}",
    parent: [
      "providers/Microsoft.Storage/storageAccounts",
      "accountName",
      "blobServices/default/containers",
      "containerName",
    ],
    replacing: ["resourceGroupName", "accountName", "containerName", "blobName", "type", "source"],
    requires: (inputs, state) => {
      const account = state
        .all("storage:StorageAccount")
        .find(({ inputs: { accountName } }) => accountName === inputs["accountName"]);
      // azure-native's Blob signs with the account key.
      if (account?.inputs["allowSharedKeyAccess"] === false) {
        throw new Refusal(`Code="KeyBasedAuthenticationNotPermitted"`);
      }
      const source = inputs["source"] as { readonly path?: string } | undefined;
      if (source?.path !== undefined && !existsSync(source.path)) {
        throw new Refusal(`${source.path} does not exist`);
      }
    },
    outputs: (inputs) => ({
      url: `https://${String(inputs["accountName"])}.blob.core.windows.net/${String(inputs["containerName"])}/${String(inputs["blobName"])}`,
    }),
  },
  "containerregistry:Registry": {
    path: "providers/Microsoft.ContainerRegistry/registries/{registryName}",
    replacing: [...inGroup, "registryName"],
    frozen: ["zoneRedundancy"],
    global: true,
    cascades: true,
    outputs: (inputs) => ({
      loginServer: `${String(inputs["registryName"])}.azurecr.io`,
      provisioningState: "Succeeded",
    }),
  },
  "containerregistry:TaskRun": {
    path: "taskRuns/{taskRunName}",
    parent: ["providers/Microsoft.ContainerRegistry/registries", "registryName"],
    replacing: ["resourceGroupName", "registryName", "taskRunName", "location"],
    outputs: (inputs, state) => ({
      runResult: {
        runId: `ca${state.next()}`,
        runErrorMessage: "",
        logArtifact: { repository: "acr/runs", tag: "log" },
        outputImages: [
          { digest: `sha256:${createHash("sha256").update(JSON.stringify(inputs)).digest("hex")}` },
        ],
      },
    }),
  },
  "containerservice:ManagedCluster": {
    path: "providers/Microsoft.ContainerService/managedClusters/{resourceName}",
    replacing: [...inGroup, "resourceName", "dnsPrefix"],
    frozen: ["networkProfile.networkPlugin", "disableLocalAccounts", "enableRBAC"],
    cascades: true,
    requires: requireCluster,
    outputs: (inputs, state) => ({
      provisioningState: "Succeeded",
      powerState: { code: "Running" },
      currentKubernetesVersion: inputs["kubernetesVersion"] ?? "1.34.1",
      fqdn: `${String(inputs["dnsPrefix"])}-${state.next()}.hcp.${String(inputs["location"])}.azmk8s.io`,
      oidcIssuerProfile: {
        enabled: true,
        issuerURL: `https://${String(inputs["location"])}.oic.prod-aks.azure.com/${deployer.tenantId}/`,
      },
    }),
  },
  "containerservice:AgentPool": {
    path: "agentPools/{agentPoolName}",
    parent: ["providers/Microsoft.ContainerService/managedClusters", "resourceName"],
    replacing: ["resourceGroupName", "resourceName", "agentPoolName"],
    frozen: [
      "vmSize",
      "osType",
      "osSKU",
      "maxPods",
      "gpuInstanceProfile",
      "gpuProfile",
      "scaleSetPriority",
      "availabilityZones",
    ],
    requires: requirePool,
    outputs: () => ({ provisioningState: "Succeeded" }),
  },
  "machinelearningservices:Workspace": {
    path: "providers/Microsoft.MachineLearningServices/workspaces/{workspaceName}",
    replacing: [...inGroup, "workspaceName"],
    frozen: ["storageAccount", "keyVault"],
    softDelete: true,
    requires: requireWorkspace,
    outputs: (_inputs, state) => ({ workspaceId: state.guid(), provisioningState: "Succeeded" }),
  },
  "machinelearningservices:Datastore": {
    path: "datastores/{name}",
    parent: ["providers/Microsoft.MachineLearningServices/workspaces", "workspaceName"],
    replacing: ["resourceGroupName", "workspaceName", "name"],
    requires: (inputs, state) => {
      const { accountName, containerName } = inputs["properties"] as Properties;
      const found = state
        .all("storage:BlobContainer")
        .some(
          (one) =>
            one.inputs["accountName"] === accountName &&
            one.inputs["containerName"] === containerName,
        );
      if (!found)
        throw new Refusal(
          `Code="UserError" the container ${String(containerName)} of ${String(accountName)} does not exist`,
        );
    },
  },
  "machinelearningservices:ModelContainer": {
    path: "models/{name}",
    parent: ["providers/Microsoft.MachineLearningServices/workspaces", "workspaceName"],
    replacing: ["resourceGroupName", "workspaceName", "name"],
    cascades: true,
  },
  "machinelearningservices:ModelVersion": {
    path: "versions/{version}",
    parent: [
      "providers/Microsoft.MachineLearningServices/workspaces",
      "workspaceName",
      "models",
      "name",
    ],
    replacing: ["resourceGroupName", "workspaceName", "name", "version"],
    // "Asset with ID already exists": a version's files cannot be exchanged.
    frozen: ["properties.modelUri", "properties.modelType"],
    requires: (inputs, state) => {
      const { modelUri } = inputs["properties"] as { readonly modelUri: string };
      const [, datastore, folder] =
        /^azureml:\/\/datastores\/([^/]+)\/paths\/(.+?)\/?$/.exec(modelUri) ?? [];
      const store = state
        .all("machinelearningservices:Datastore")
        .find((one) => one.inputs["name"] === datastore);
      if (!store) throw new Refusal(`Code="UserError" the datastore of ${modelUri} does not exist`);
      const { accountName } = store.inputs["properties"] as Properties;
      const filled = state
        .all("storage:Blob")
        .some(
          (blob) =>
            blob.inputs["accountName"] === accountName &&
            String(blob.inputs["blobName"]).startsWith(`${folder}/`),
        );
      if (!filled) throw new Refusal(`Code="UserError" there is no file below ${modelUri}`);
    },
  },
};

/** @throws Refusal for a place where Azure has no data centre of ours */
export function requireRegion(location: unknown): void {
  if (location !== undefined && !(regions as readonly unknown[]).includes(location)) {
    throw new Refusal(
      `Code="LocationNotAvailableForResourceType" no location ${JSON.stringify(location)}`,
    );
  }
}
