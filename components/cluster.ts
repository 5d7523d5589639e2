import * as containerservice from "@pulumi/azure-native/containerservice";
import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterIdentities } from "./clusterIdentities";
import type { Foundation } from "./foundation";
import { kubeloginConfig, type KubeloginMode } from "./kubeconfig";
import type { Tags } from "./tags";

/** Inputs of a Cluster. */
export interface ClusterArgs {
  readonly foundation: Foundation;
  readonly identities: ClusterIdentities;
  readonly tenantId: pulumi.Input<string>;
  /** `fastProd` has a control plane with an SLA, `devTest` a free one. */
  readonly purpose: "fastProd" | "devTest";
  /** Minor version; AKS's default unless set. */
  readonly kubernetesVersion: string | undefined;
  readonly systemVmSize: string;
  readonly systemNodeCount: number;
  /** Changing them replaces the cluster. */
  readonly systemZones: readonly string[];
  /** Ranges that may reach the API server; undefined for a private one. */
  readonly authorizedIpRanges: readonly string[] | undefined;
  readonly adminGroupObjectIds: readonly string[];
  readonly upgradeChannel: string;
  readonly nodeOsUpgradeChannel: string;
  readonly kubelogin: KubeloginMode;
  readonly tags: Tags;
}

/** Slow on a good day: AKS takes ten minutes to create and as long to delete. */
const timeouts = { create: "60m", update: "60m", delete: "60m" };

/** The AKS cluster with its system pool and the one Kubernetes provider through which all else goes. */
export class Cluster extends pulumi.ComponentResource {
  readonly clusterName: pulumi.Output<string>;
  /** Azure's provisioning state, and the power state where that is not Running. */
  readonly clusterState: pulumi.Output<string>;
  /** Secret although it holds no key: it tells where the API server is. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly oidcIssuerUrl: pulumi.Output<string | undefined>;
  /** What pools and Kubernetes resources are deleted with. */
  readonly managedCluster: containerservice.ManagedCluster;
  readonly provider: Provider;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:cluster:Cluster", name, {}, opts);
    const { foundation, identities, kubelogin } = args;
    this.managedCluster = new containerservice.ManagedCluster(`${name}-aks`, clusterInputs(args), {
      parent: this,
      dependsOn: [identities],
      customTimeouts: timeouts,
      // Pools other than the system's are resources of their own; what an auto-upgrade sets is not taken back.
      ignoreChanges: ["agentPoolProfiles", "kubernetesVersion"],
    });

    const credentials = containerservice.listManagedClusterUserCredentialsOutput(
      {
        resourceGroupName: foundation.resourceGroup,
        resourceName: this.managedCluster.name,
        format: "exec",
      },
      { parent: this },
    );
    this.kubeconfig = pulumi.secret(
      credentials.apply(({ kubeconfigs }) =>
        kubeloginConfig(
          Buffer.from(kubeconfigs[0]?.value ?? "", "base64").toString("utf8"),
          kubelogin,
        ),
      ),
    );
    this.provider = new Provider(
      `${name}-kubernetes`,
      {
        kubeconfig: this.kubeconfig,
        enableServerSideApply: true,
        // Their names are fixed, and a replacement would leave a moment without them.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // A new spelling of the kubeconfig must not replace everything in the cluster (pulumi-kubernetes #1148).
        clusterIdentifier: this.managedCluster.id,
      },
      { parent: this, deletedWith: this.managedCluster },
    );

    this.clusterName = this.managedCluster.name;
    this.clusterState = pulumi
      .all([this.managedCluster.provisioningState, this.managedCluster.powerState])
      .apply(([state, power]) =>
        power.code === undefined || power.code === "Running" ? state : `${state}, ${power.code}`,
      );
    this.oidcIssuerUrl = this.managedCluster.oidcIssuerProfile.apply(
      (profile) => profile?.issuerURL,
    );
    this.registerOutputs({
      clusterName: this.clusterName,
      clusterState: this.clusterState,
      kubeconfig: this.kubeconfig,
      oidcIssuerUrl: this.oidcIssuerUrl,
    });
  }
}

function clusterInputs(args: ClusterArgs): containerservice.ManagedClusterArgs {
  const { foundation, identities, authorizedIpRanges, purpose } = args;
  const { kubelet, controlPlane } = identities;
  const zones = args.systemZones;
  return {
    resourceGroupName: foundation.resourceGroup,
    location: foundation.location,
    resourceName: foundation.named("cluster"),
    dnsPrefix: foundation.named("cluster"),
    ...(args.kubernetesVersion === undefined ? {} : { kubernetesVersion: args.kubernetesVersion }),
    sku: { name: "Base", tier: purpose === "fastProd" ? "Standard" : "Free" },
    identity: { type: "UserAssigned", userAssignedIdentities: [controlPlane.resourceId] },
    identityProfile: {
      kubeletidentity: {
        resourceId: kubelet.resourceId,
        clientId: kubelet.clientId,
        objectId: kubelet.principalId,
      },
    },
    aadProfile: {
      managed: true,
      enableAzureRBAC: true,
      adminGroupObjectIDs: [...args.adminGroupObjectIds],
      tenantID: args.tenantId,
    },
    disableLocalAccounts: true,
    enableRBAC: true,
    oidcIssuerProfile: { enabled: true },
    securityProfile: {
      workloadIdentity: { enabled: true },
      imageCleaner: { enabled: true, intervalHours: 168 },
    },
    apiServerAccessProfile:
      authorizedIpRanges === undefined
        ? { enablePrivateCluster: true, disableRunCommand: true }
        : { authorizedIPRanges: [...authorizedIpRanges], disableRunCommand: true },
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      networkPolicy: "cilium",
      loadBalancerSku: "standard",
    },
    autoUpgradeProfile: {
      upgradeChannel: args.upgradeChannel,
      nodeOSUpgradeChannel: args.nodeOsUpgradeChannel,
    },
    autoScalerProfile: {
      // Device plugins would keep a node busy for ever.
      ignoreDaemonsetsUtilization: true,
      scaleDownUnneededTime: "10m",
    },
    agentPoolProfiles: [
      {
        name: "system",
        mode: "System",
        type: "VirtualMachineScaleSets",
        osType: "Linux",
        vmSize: args.systemVmSize,
        count: args.systemNodeCount,
        ...(zones.length > 0 ? { availabilityZones: [...zones] } : {}),
        nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
        tags: args.tags,
      },
    ],
    tags: args.tags,
  };
}
