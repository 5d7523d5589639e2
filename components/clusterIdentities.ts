import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import type { Foundation } from "./foundation";
import { grant, type Deployer } from "./roles";
import type { Tags } from "./tags";

/** Inputs of ClusterIdentities. */
export interface ClusterIdentitiesArgs {
  readonly foundation: Foundation;
  readonly deployer: Deployer;
  readonly tags: Tags;
}

/** An identity of ours, as AKS wants it named. */
export interface Identity {
  readonly resourceId: pulumi.Output<string>;
  readonly clientId: pulumi.Output<string>;
  readonly principalId: pulumi.Output<string>;
}

/**
 * The identities of the control plane and of the kubelets, and the deployer's rights on the cluster to come. Granted
 * before the cluster exists, the rights have spread by the time its API server answers.
 */
export class ClusterIdentities extends pulumi.ComponentResource {
  readonly controlPlane: Identity;
  readonly kubelet: Identity;
  /** Resolves once all rights have been granted. */
  readonly granted: pulumi.Output<string[]>;

  constructor(name: string, args: ClusterIdentitiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:clusterIdentities:ClusterIdentities", name, {}, opts);
    const { foundation, deployer, tags } = args;
    const child = { parent: this };
    const create = (role: string, kind: "controlPlaneIdentity" | "kubeletIdentity"): Identity => {
      const { id, clientId, principalId } = new managedidentity.UserAssignedIdentity(
        `${name}-${role}`,
        {
          resourceGroupName: foundation.resourceGroup,
          location: foundation.location,
          resourceName: foundation.named(kind),
          tags,
        },
        child,
      );
      return { resourceId: id, clientId, principalId };
    };
    this.controlPlane = create("control-plane", "controlPlaneIdentity");
    this.kubelet = create("kubelet", "kubeletIdentity");

    const { subscriptionId, principal } = deployer;
    const group = foundation.resourceGroupId;
    this.granted = pulumi.all([
      // Without it AKS may not hand the kubelets an identity that it did not make (pulumi-azure-native #2020).
      grant(
        `${name}-operator`,
        "managedIdentityOperator",
        { id: this.controlPlane.principalId, type: "ServicePrincipal" },
        this.kubelet.resourceId,
        subscriptionId,
        child,
      ).id,
      grant(`${name}-admin`, "aksRbacClusterAdmin", principal, group, subscriptionId, child).id,
      grant(`${name}-user`, "aksClusterUser", principal, group, subscriptionId, child).id,
    ]);
    this.registerOutputs({
      controlPlane: this.controlPlane,
      kubelet: this.kubelet,
      granted: this.granted,
    });
  }
}
