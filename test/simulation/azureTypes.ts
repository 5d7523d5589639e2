import { createHash } from "node:crypto";
import {
  requireAccountName,
  requireCluster,
  requireContainer,
  requireFiles,
  requireBlob,
  requirePool,
  requireWorkspace,
} from "./azureRequirements";
import type { Properties, State } from "./state";
import { deployer } from "./subscription";

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
    requires: requireAccountName,
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
    requires: requireBlob,
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
    requires: requireContainer,
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
    requires: requireFiles,
  },
};
