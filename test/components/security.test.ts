import assert from "node:assert/strict";
import { find } from "../support/pulumiMocks";
import { runProgram, type ProgramRun } from "../support/program";

const tags = { project: "accelerated-scoring", stack: "eastus" };
const group = "scoring-eastus-abc123";

describe("what the components send to Azure", () => {
  let eastus: ProgramRun;
  let westeurope: ProgramRun;
  let southeastasia: ProgramRun;

  before(async () => {
    eastus = await runProgram("eastus");
    westeurope = await runProgram("westeurope");
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

  it("cluster: Entra, Azure RBAC, no local account, overlay with Cilium, ranges, identities of ours", () => {
    const { inputs, options } = find(eastus, "ManagedCluster");
    assert.deepEqual(inputs, {
      aadProfile: {
        managed: true,
        enableAzureRBAC: true,
        adminGroupObjectIDs: [],
        tenantID: "tenant",
      },
      agentPoolProfiles: [
        {
          name: "system",
          mode: "System",
          type: "VirtualMachineScaleSets",
          osType: "Linux",
          vmSize: "Standard_D4s_v5",
          count: 2,
          availabilityZones: ["1", "2", "3"],
          nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
          tags,
        },
      ],
      apiServerAccessProfile: { authorizedIPRanges: ["203.0.113.7/32"], disableRunCommand: true },
      autoScalerProfile: { ignoreDaemonsetsUtilization: true, scaleDownUnneededTime: "10m" },
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      disableLocalAccounts: true,
      dnsPrefix: group,
      enableRBAC: true,
      identity: {
        type: "UserAssigned",
        userAssignedIdentities: ["scoring-cluster-control-plane-id"],
      },
      identityProfile: {
        kubeletidentity: {
          clientId: "scoring-cluster-kubelet-client",
          objectId: "scoring-cluster-kubelet-principal",
          resourceId: "scoring-cluster-kubelet-id",
        },
      },
      location: "eastus",
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataplane: "cilium",
        networkPolicy: "cilium",
        loadBalancerSku: "standard",
        // Defaults of azure-native's SDK; none lies in 172.30/16 or 172.31/16, which AKS forbids.
        dnsServiceIP: "10.0.0.10",
        outboundType: "loadBalancer",
        podCidr: "10.244.0.0/16",
        serviceCidr: "10.0.0.0/16",
      },
      oidcIssuerProfile: { enabled: true },
      resourceGroupName: group,
      resourceName: group,
      securityProfile: {
        workloadIdentity: { enabled: true },
        imageCleaner: { enabled: true, intervalHours: 168 },
      },
      sku: { name: "Base", tier: "Standard" },
      tags,
    });
    assert.deepEqual(options.ignoreChanges, ["agentPoolProfiles", "kubernetesVersion"]);
    assert(options.timeouts);
    assert(options.dependencies.includes("scoring-cluster-operator"));
  });

  it("cluster: private where asked, with a free control plane for devTest", async () => {
    const closed = await runProgram("southeastasia", {
      apiAccess: "private",
      kubernetesVersion: "1.35",
    });
    const { inputs } = find(closed, "ManagedCluster");
    assert.deepEqual(inputs["apiServerAccessProfile"], {
      enablePrivateCluster: true,
      disableRunCommand: true,
    });
    assert.deepEqual(inputs["sku"], { name: "Base", tier: "Free" });
    assert.equal(inputs["kubernetesVersion"], "1.35");
  });

  const pool = (run: ProgramRun) => {
    const { inputs, options } = find(run, "AgentPool");
    const { agentPoolName, ...rest } = inputs;
    assert.match(String(agentPoolName), /^(gpu|fpga|cpu)[a-z0-9]{1,9}$/);
    assert.equal(options.deletedWith, "scoring-aks");
    assert(options.timeouts);
    return { inputs: rest, options };
  };

  it("pool: taint, label and driver, no zones, count kept", () => {
    const { inputs, options } = pool(eastus);
    assert.deepEqual(inputs, {
      count: 3,
      enableAutoScaling: false,
      gpuProfile: { driver: "Install" },
      maxPods: 30,
      mode: "User",
      nodeLabels: { "scoring-nodes": "gpu" },
      nodeTaints: ["sku=gpu:NoSchedule"],
      osSKU: "Ubuntu",
      osType: "Linux",
      resourceGroupName: group,
      resourceName: group,
      tags,
      type: "VirtualMachineScaleSets",
      upgradeSettings: { maxSurge: "0", maxUnavailable: "1" },
      vmSize: "Standard_NC4as_T4_v3",
    });
    assert.deepEqual(options.ignoreChanges, []);
  });

  it("pool: the autoscaler's count is left alone, and may reach zero", () => {
    const { inputs, options } = pool(southeastasia);
    assert.deepEqual(options.ignoreChanges, ["count"]);
    assert.deepEqual(
      [inputs["count"], inputs["minCount"], inputs["maxCount"], inputs["enableAutoScaling"]],
      [1, 0, 1, true],
    );
  });

  it("pool: FPGA nodes have a taint of their own and no GPU driver", () => {
    const { inputs } = pool(westeurope);
    assert.deepEqual(inputs["nodeTaints"], ["sku=fpga:NoSchedule"]);
    assert.equal(inputs["gpuProfile"], undefined);
  });

  it("pool: spot, MIG and zones where asked", async () => {
    const { inputs } = pool(
      await runProgram("eastus", {
        vmSize: "Standard_NC24ads_A100_v4",
        gpuInstanceProfile: "MIG3g",
        spot: true,
        nodeZones: ["2"],
      }),
    );
    assert.deepEqual(inputs["nodeTaints"], [
      "sku=gpu:NoSchedule",
      "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
    ]);
    assert.deepEqual(
      [
        inputs["scaleSetPriority"],
        inputs["scaleSetEvictionPolicy"],
        inputs["spotMaxPrice"],
        inputs["gpuInstanceProfile"],
        inputs["availabilityZones"],
      ],
      ["Spot", "Delete", -1, "MIG3g", ["2"]],
    );
  });

  it("model: files, version named by content, old ones kept unless asked otherwise", async () => {
    const version = find(eastus, "ModelVersion");
    const { inputs, options } = version;
    assert.match(String(inputs["version"]), /^1-[0-9a-f]{12}$/);
    const { modelUri, tags: modelTags } = inputs["properties"] as Record<string, unknown>;
    assert.equal(
      modelUri,
      `azureml://datastores/models/paths/efficientnet-lite0/${String(inputs["version"])}/`,
    );
    assert.equal((modelTags as Record<string, string>)["licence"], "Apache-2.0");
    assert.equal(options.retainOnDelete, true);
    const replaced = await runProgram("eastus", { keepOldModelVersions: false });
    assert.equal(find(replaced, "ModelVersion").options.retainOnDelete, false);
    assert.equal(
      eastus.registrations.filter(
        ({ type, options: { retainOnDelete } }) => type.endsWith("storage:Blob") && retainOnDelete,
      ).length,
      6,
    );
  });

  it("image: content in its tag, model and labels as build arguments, no password at preview", () => {
    const { inputs } = find(eastus, "image:Image");
    assert.match(
      String(inputs["imageName"]),
      /^scoringcrabc123\.azurecr\.io\/scoring-image:[0-9a-f]{12}-efficientnet-lite0-cuda$/,
    );
    const { target, platform, args } = inputs["build"] as {
      target: string;
      platform: string;
      args: Record<string, string>;
    };
    assert.deepEqual(
      [target, platform, args["MODEL"]],
      ["cuda", "linux/amd64", "efficientnet-lite0"],
    );
    assert.deepEqual(Object.keys(args).sort(), [
      "CPU_BASE_IMAGE",
      "CUDA_BASE_IMAGE",
      "MODEL",
      "NODE_IMAGE",
      "OCI_DESCRIPTION",
      "OCI_REVISION",
      "OCI_TAGS",
      "OCI_TITLE",
      "OCI_VERSION",
    ]);
    assert(!JSON.stringify(inputs["registry"]).includes("eyJ"));
    assert.equal(
      (find(westeurope, "image:Image").inputs["build"] as { target: string }).target,
      "cpu",
    );
  });
});
