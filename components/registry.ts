import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import type { Foundation } from "./foundation";
import { grant, type Deployer } from "./roles";
import type { Tags } from "./tags";

/** Inputs of a Registry. */
export interface RegistryArgs {
  readonly foundation: Foundation;
  readonly deployer: Deployer;
  /** Object id of the identity with which nodes pull. */
  readonly kubeletPrincipalId: pulumi.Input<string>;
  readonly sku: "Basic" | "Standard" | "Premium";
  /** Copies in several zones; Premium only. Changing it replaces the registry. */
  readonly zoneRedundant: boolean;
  readonly tags: Tags;
  readonly protectData: boolean;
}

/** The container registry: no admin user, nodes may pull, the deployer may push. */
export class Registry extends pulumi.ComponentResource {
  readonly registryId: pulumi.Output<string>;
  readonly registryName: pulumi.Output<string>;
  readonly loginServer: pulumi.Output<string>;
  /** Resolves once the deployer's right to push has been granted (though not yet everywhere known). */
  readonly pushGranted: pulumi.Output<string>;
  /** Resolves once the nodes' right to pull has been granted. */
  readonly pullGranted: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:registry:Registry", name, {}, opts);
    const { foundation, deployer, kubeletPrincipalId, sku, zoneRedundant, tags, protectData } =
      args;

    const registry = new containerregistry.Registry(
      `${name}-registry`,
      {
        resourceGroupName: foundation.resourceGroup,
        location: foundation.location,
        registryName: foundation.named("registry"),
        sku: { name: sku },
        adminUserEnabled: false,
        anonymousPullEnabled: false,
        ...(sku === "Premium" ? { zoneRedundancy: zoneRedundant ? "Enabled" : "Disabled" } : {}),
        tags,
      },
      { parent: this, protect: protectData },
    );
    const kubelet = { id: kubeletPrincipalId, type: "ServicePrincipal" } as const;
    const child = { parent: this };
    const { subscriptionId } = deployer;
    this.pullGranted = grant(
      `${name}-pull`,
      "acrPull",
      kubelet,
      registry.id,
      subscriptionId,
      child,
    ).id;
    this.pushGranted = grant(
      `${name}-push`,
      "acrPush",
      deployer.principal,
      registry.id,
      subscriptionId,
      child,
    ).id;
    this.registryId = registry.id;
    this.registryName = registry.name;
    this.loginServer = registry.loginServer;
    this.registerOutputs({
      registryId: this.registryId,
      registryName: this.registryName,
      loginServer: this.loginServer,
      pushGranted: this.pushGranted,
      pullGranted: this.pullGranted,
    });
  }
}
