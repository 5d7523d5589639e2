import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { RandomString } from "@pulumi/random";
import { resourceNames, suffixLength, type ResourceNames } from "./names";
import type { Tags } from "./tags";

/** Inputs of a Foundation. */
export interface FoundationArgs {
  /** Base of all names, 3 to 12 lower-case letters and digits; changing it replaces everything. */
  readonly baseName: string;
  readonly stack: string;
  /** Azure region; changing it replaces everything. */
  readonly location: string;
  readonly tags: Tags;
  readonly protectData: boolean;
}

/** The resource group and the random suffix that lets destroy be followed by up in spite of soft delete. */
export class Foundation extends pulumi.ComponentResource {
  readonly resourceGroup: pulumi.Output<string>;
  readonly resourceGroupId: pulumi.Output<string>;
  readonly location: pulumi.Output<string>;
  readonly suffix: pulumi.Output<string>;

  constructor(name: string, args: FoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:foundation:Foundation", name, {}, opts);
    const { baseName, stack, location, tags, protectData } = args;

    this.suffix = new RandomString(
      `${name}-suffix`,
      { length: suffixLength, special: false, upper: false },
      { parent: this },
    ).result;
    const group = new resources.ResourceGroup(
      `${name}-group`,
      {
        resourceGroupName: this.suffix.apply(
          (suffix) => resourceNames(baseName, stack, suffix).resourceGroup,
        ),
        location,
        tags,
      },
      { parent: this, protect: protectData },
    );
    this.resourceGroup = group.name;
    this.resourceGroupId = group.id;
    this.location = group.location;
    this.named = (kind) =>
      this.suffix.apply((suffix) => resourceNames(baseName, stack, suffix)[kind]);
    this.registerOutputs({
      resourceGroup: this.resourceGroup,
      resourceGroupId: this.resourceGroupId,
      location: this.location,
      suffix: this.suffix,
    });
  }

  /** The physical name of one of the stack's resources. */
  readonly named: (kind: keyof ResourceNames) => pulumi.Output<string>;
}
