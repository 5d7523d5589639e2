import assert from "node:assert/strict";
import { find } from "../support/pulumiMocks";
import { runProgram, type ProgramRun } from "../support/program";

const tags = { project: "accelerated-scoring", stack: "eastus" };
const group = "scoring-eastus-abc123";

describe("the cluster that Azure is sent", () => {
  let eastus: ProgramRun;
  let westeurope: ProgramRun;
  let southeastasia: ProgramRun;

  before(async () => {
    eastus = await runProgram("eastus");
    westeurope = await runProgram("westeurope");
    southeastasia = await runProgram("southeastasia");
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
});
