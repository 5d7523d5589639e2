import assert from "node:assert/strict";
import { find } from "../support/pulumiMocks";
import { runProgram, type ProgramRun } from "../support/program";

const tags = { project: "accelerated-scoring", stack: "eastus" };
const group = "scoring-eastus-abc123";

describe("what the components send to Azure", () => {
  let eastus: ProgramRun;
  let southeastasia: ProgramRun;

  before(async () => {
    eastus = await runProgram("eastus");
    southeastasia = await runProgram("southeastasia");
  });

  it("storage: no public blob, TLS 1.2, shared keys for azure-native's Blob alone", () => {
    assert.deepEqual(find(eastus, "StorageAccount").inputs, {
      accountName: "scoringstabc123",
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: true,
      defaultToOAuthAuthentication: true,
      enableHttpsTrafficOnly: true,
      isHnsEnabled: false,
      kind: "StorageV2",
      location: "eastus",
      minimumTlsVersion: "TLS1_2",
      resourceGroupName: group,
      sku: { name: "Standard_LRS" },
      tags,
    });
    assert.equal(find(eastus, "BlobContainer").inputs["publicAccess"], "None");
  });

  it("vault: RBAC, and purge protection only where data is protected", () => {
    const vault = {
      tenantId: "tenant",
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      // Defaults of azure-native's SDK.
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
      publicNetworkAccess: "enabled",
    };
    assert.deepEqual(find(eastus, "keyvault:Vault").inputs["properties"], {
      ...vault,
      softDeleteRetentionInDays: 90,
      enablePurgeProtection: true,
    });
    assert.deepEqual(find(southeastasia, "keyvault:Vault").inputs["properties"], {
      ...vault,
      softDeleteRetentionInDays: 7,
    });
  });

  it("registry: no admin user and no anonymous pull", () => {
    assert.deepEqual(find(eastus, "containerregistry:Registry").inputs, {
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      location: "eastus",
      networkRuleBypassOptions: "AzureServices",
      publicNetworkAccess: "Enabled",
      registryName: "scoringcrabc123",
      resourceGroupName: group,
      sku: { name: "Standard" },
      tags,
      zoneRedundancy: "Disabled",
    });
  });

  it("registry: zones only where Premium", async () => {
    const premium = await runProgram("eastus", {
      registrySku: "Premium",
      registryZoneRedundant: true,
    });
    assert.equal(find(premium, "containerregistry:Registry").inputs["zoneRedundancy"], "Enabled");
  });

  it("roles: exactly these, to exactly these", () => {
    const guid = (id: unknown) => String(id).split("/").at(-1);
    const assigned = eastus.registrations
      .filter(({ type }) => type.endsWith("RoleAssignment"))
      .map(({ inputs }) =>
        [
          inputs["principalId"],
          inputs["principalType"],
          guid(inputs["roleDefinitionId"]),
          inputs["scope"],
        ].join(" "),
      )
      .sort();
    const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    const workspace = "scoring-identity-principal ServicePrincipal";
    assert.deepEqual(
      assigned,
      [
        "deployer User 8311e382-0749-4cb8-b61a-304f252e45ec scoring-registry-id",
        "deployer User b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b scoring-group-id",
        "deployer User 4abbcc35-e782-43d8-92c5-2d3f1bd2253f scoring-group-id",
        "scoring-cluster-kubelet-principal ServicePrincipal 7f951dda-4ed3-4680-a7ca-43fe172d538d scoring-registry-id",
        "scoring-cluster-control-plane-principal ServicePrincipal f1a07417-d97a-45cb-824c-7a7467783830 scoring-cluster-kubelet-id",
        `${workspace} ba92f5b4-2d11-453d-a403-e96b0029c9fe scoring-storage-id`,
        `${workspace} 00482a5a-887f-4fb3-b363-3b7fe8e74483 scoring-vault-id`,
        ...["storage", "vault", "insights", "registry", "workspace"].map(
          (what) => `${workspace} ${contributor} scoring-${what}-id`,
        ),
      ].sort(),
    );
  });

  it("workspace: our identity, our registry, Entra for its datastores", () => {
    const { inputs, options } = find(eastus, "machinelearningservices:Workspace");
    assert.deepEqual(inputs, {
      applicationInsights: "scoring-insights-id",
      containerRegistry: "scoring-registry-id",
      identity: { type: "UserAssigned", userAssignedIdentities: ["scoring-identity-id"] },
      keyVault: "scoring-vault-id",
      kind: "Default",
      location: "eastus",
      primaryUserAssignedIdentity: "scoring-identity-id",
      publicNetworkAccess: "Enabled",
      resourceGroupName: group,
      sku: { name: "Basic", tier: "Basic" },
      storageAccount: "scoring-storage-id",
      systemDatastoresAuthMode: "Identity",
      tags,
      v1LegacyMode: false,
      workspaceName: group,
    });
    assert(options.timeouts);
    for (const role of ["storage-data", "vault-data", "registry-contributor"]) {
      assert(options.dependencies.includes(`scoring-${role}`), role);
    }
  });

  it("insights: in the stack's own Log Analytics workspace", () => {
    const { inputs } = find(eastus, "applicationinsights:Component");
    assert.equal(inputs["ingestionMode"], "LogAnalytics");
    assert.equal(inputs["workspaceResourceId"], "scoring-logs-id");
  });
});
