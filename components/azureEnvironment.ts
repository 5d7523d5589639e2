import type { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import type { Settings, NodeSettings } from "../settings/shape";
import { AcceleratorPool } from "./acceleratorPool";
import type { DeployedModel } from "./catalogue/modelSources";
import { contentHash } from "./contentHash";
import { Cluster } from "./cluster";
import { ClusterIdentities } from "./clusterIdentities";
import { DevicePlugin } from "./devicePlugin";
import { Foundation } from "./foundation";
import { RegisteredModel } from "./registeredModel";
import { Registry } from "./registry";
import { currentDeployer } from "./roles";
import { basesOf, ScoringImage } from "./scoringImage";
import { tagsOf } from "./tags";
import { Workspace } from "./workspace";

/** Inputs of an AzureEnvironment. */
export interface AzureEnvironmentArgs {
  readonly settings: Settings;
  readonly nodes: NodeSettings;
  readonly model: DeployedModel;
  readonly imageFolder: string;
  /** Ranges that may reach the API server; undefined for a private one. */
  readonly authorizedIpRanges: readonly string[] | undefined;
}

/** Everything below the service on target `azure`, in the order in which one thing needs another. */
export class AzureEnvironment extends pulumi.ComponentResource {
  readonly foundation: Foundation;
  readonly workspace: Workspace;
  /** The model that is served: the converted one where there is one. */
  readonly registeredModel: RegisteredModel;
  readonly cluster: Cluster;
  /** What must be there before the service: nodes, their devices, and the right to pull. */
  readonly ready: pulumi.Resource[];
  /** By digest. */
  readonly imageRef: pulumi.Output<string>;
  readonly imageDigest: pulumi.Output<string>;
  readonly imageRunId: pulumi.Output<string | undefined>;
  readonly imageLogAddress: pulumi.Output<string | undefined>;
  readonly subscriptionId: pulumi.Output<string>;

  constructor(name: string, args: AzureEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:azureEnvironment:AzureEnvironment", name, {}, opts);
    const { settings, nodes, model } = args;
    const { protectData, stack } = settings;
    const child = { parent: this };
    const tags = tagsOf(pulumi.getProject(), stack, settings.tags);
    const deployer = currentDeployer(settings.principalType);
    const { tenantId } = deployer;

    const foundation = new Foundation(
      name,
      { baseName: settings.name, stack, location: settings.location, tags, protectData },
      child,
    );
    const common = { foundation, deployer, tags };
    const identities = new ClusterIdentities(`${name}-cluster`, common, child);
    const registry = new Registry(
      name,
      {
        ...common,
        protectData,
        kubeletPrincipalId: identities.kubelet.principalId,
        sku: settings.registrySku,
        zoneRedundant: settings.registryZoneRedundant,
      },
      child,
    );
    this.workspace = new Workspace(
      name,
      {
        ...common,
        protectData,
        registryId: registry.registryId,
        logRetentionDays: settings.logRetentionDays,
      },
      child,
    );
    const registration = {
      foundation,
      workspace: this.workspace,
      keepOldVersions: settings.keepOldModelVersions,
    };
    const sourceModel = new RegisteredModel(
      `${name}-model`,
      { ...registration, model: model.source, store: "models" },
      child,
    );
    const convertedModel =
      model.converted &&
      new RegisteredModel(
        `${name}-converted-model`,
        { ...registration, model: model.converted, store: "converted-models" },
        child,
      );
    this.registeredModel = convertedModel ?? sourceModel;
    this.cluster = new Cluster(
      name,
      {
        ...settings,
        foundation,
        identities,
        tenantId,
        tags,
        purpose: settings.clusterPurpose,
        authorizedIpRanges: args.authorizedIpRanges,
      },
      child,
    );
    const pool = new AcceleratorPool(
      `${name}-nodes`,
      {
        ...settings,
        foundation,
        cluster: this.cluster,
        tags,
        vmSize: nodes.size.name,
        count: nodes.count,
        zones: settings.nodeZones,
        autoscale: settings["nodeAutoscale.enabled"]
          ? {
              minNodes: settings["nodeAutoscale.minNodes"],
              maxNodes: settings["nodeAutoscale.maxNodes"],
            }
          : undefined,
      },
      child,
    );
    this.ready = [pool, registry, ...this.devicePlugin(name, settings)];

    const models = convertedModel ? [sourceModel, convertedModel] : [sourceModel];
    const image = this.image(name, args, { foundation, registry, tenantId, models });
    this.imageRef = image.ref;
    this.imageDigest = image.digest;
    this.imageRunId = image.runId;
    this.imageLogAddress = image.logAddress;
    this.foundation = foundation;
    this.subscriptionId = deployer.subscriptionId;
    this.registerOutputs({
      imageRef: this.imageRef,
      imageDigest: this.imageDigest,
      imageRunId: this.imageRunId,
      imageLogAddress: this.imageLogAddress,
      subscriptionId: this.subscriptionId,
    });
  }

  /** The cluster's one Kubernetes provider. */
  get provider(): Provider {
    return this.cluster.provider;
  }

  private devicePlugin(name: string, settings: Settings): DevicePlugin[] {
    const { accelerator, gpuInstanceProfile } = settings;
    if (accelerator === "cpu") return [];
    const image =
      accelerator === "gpu" ? settings.gpuDevicePluginImage : settings["fpga.devicePluginImage"];
    return [
      new DevicePlugin(
        `${name}-device`,
        {
          accelerator,
          image,
          mig: gpuInstanceProfile !== undefined,
          driverInstallerImage:
            accelerator === "fpga" ? settings["fpga.driverInstallerImage"] : undefined,
        },
        {
          parent: this,
          providers: [this.cluster.provider],
          deletedWith: this.cluster.managedCluster,
        },
      ),
    ];
  }

  private image(
    name: string,
    { settings, model, imageFolder }: AzureEnvironmentArgs,
    {
      models,
      ...needed
    }: {
      readonly foundation: Foundation;
      readonly registry: Registry;
      readonly tenantId: pulumi.Output<string>;
      readonly models: readonly RegisteredModel[];
    },
  ) {
    const build = settings["image.build"];
    if (build === "none") {
      const ref = settings["image.reference"] ?? "";
      return {
        ref: pulumi.output(ref),
        digest: pulumi.output(digestOf(ref)),
        runId: pulumi.output<string | undefined>(undefined),
        logAddress: pulumi.output<string | undefined>(undefined),
      };
    }
    const image = new ScoringImage(
      `${name}-scoring`,
      {
        ...needed,
        build,
        model,
        modelName: settings.model,
        contextFolder: imageFolder,
        contextHash: contentHash(imageFolder).hash,
        source: settings["image.source"],
        // With a runtime beside it the server needs no CUDA: the GPU is the runtime's.
        variant:
          settings.accelerator === "gpu" && settings["runtime.kind"] === "none" ? "cuda" : "cpu",
        bases: basesOf(settings),
        description: settings["image.description"],
      },
      // As in the reference: the image holds the model, so it comes after the registered ones and goes before them.
      { parent: this, dependsOn: [...models] },
    );
    return {
      ref: image.imageRef,
      digest: image.imageDigest,
      runId: image.runId,
      logAddress: image.logAddress,
    };
  }
}

/** The digest in an image reference; empty where it has none. */
export const digestOf = (reference: string): string => reference.split("@")[1] ?? "";
