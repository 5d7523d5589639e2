import path from "node:path";
import * as ml from "@pulumi/azure-native/machinelearningservices";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import type { ModelPackage } from "./catalogue/models";
import type { Foundation } from "./foundation";
import type { Workspace } from "./workspace";

/** Inputs of a RegisteredModel. */
export interface RegisteredModelArgs {
  readonly foundation: Foundation;
  readonly workspace: Workspace;
  readonly model: ModelPackage;
  /** Name of the container and datastore of its files; a registered model shares neither with another. */
  readonly store: "models" | "converted-models";
  /** Whether a new version leaves the old ones and their files where they are. */
  readonly keepOldVersions: boolean;
}

/**
 * The model in the workspace: its files in storage, its name, version, tags and description. The version is named by
 * its content, so other content makes another version. The files go up with the account's key, because that is all
 * azure-native's Blob can do (pulumi-azure-native #2015); this is why the account allows shared keys.
 */
export class RegisteredModel extends pulumi.ComponentResource {
  /** NAME:VERSION, as Azure ML writes it. */
  readonly modelId: pulumi.Output<string>;

  constructor(name: string, args: RegisteredModelArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:registeredModel:RegisteredModel", name, {}, opts);
    const { foundation, workspace, model, keepOldVersions, store } = args;
    const resourceGroupName = foundation.resourceGroup;
    const versioned = { parent: this, retainOnDelete: keepOldVersions };
    const digest = model.hash.slice(0, 12);

    const container = new storage.BlobContainer(
      `${name}-container`,
      {
        resourceGroupName,
        accountName: workspace.storageAccount,
        containerName: store,
        publicAccess: "None",
      },
      { parent: this },
    );
    const folder = `${model.name}/${model.version}`;
    const blobs = model.files.map(
      (file) =>
        new storage.Blob(
          `${name}-${file.replaceAll(/[^\w.-]/g, "-")}-${digest}`,
          {
            resourceGroupName,
            accountName: workspace.storageAccount,
            containerName: container.name,
            blobName: `${folder}/${file}`,
            source: assetOf(model, file),
            type: "Block",
          },
          versioned,
        ),
    );
    const datastore = new ml.Datastore(
      `${name}-datastore`,
      {
        resourceGroupName,
        workspaceName: workspace.workspaceName,
        // Datastores' names have no hyphens.
        name: store.replace("-", "_"),
        properties: {
          datastoreType: "AzureBlob",
          accountName: workspace.storageAccount,
          containerName: container.name,
          credentials: { credentialsType: "None" },
          description: "Files of the registered models",
        },
      },
      { parent: this },
    );
    const registered = new ml.ModelContainer(
      `${name}-model`,
      {
        resourceGroupName,
        workspaceName: workspace.workspaceName,
        name: model.name,
        properties: { description: model.description, tags: { ...model.tags } },
      },
      { parent: this },
    );
    const version = new ml.ModelVersion(
      `${name}-version-${digest}`,
      {
        resourceGroupName,
        workspaceName: workspace.workspaceName,
        name: registered.name,
        version: model.version,
        properties: {
          modelType: "custom_model",
          modelUri: pulumi.interpolate`azureml://datastores/${datastore.name}/paths/${folder}/`,
          description: model.description,
          tags: { ...model.tags },
          properties: { sha256: model.hash },
        },
      },
      { ...versioned, dependsOn: blobs },
    );
    this.modelId = pulumi.interpolate`${registered.name}:${version.name.apply(() => model.version)}`;
    this.registerOutputs({ modelId: this.modelId });
  }
}

function assetOf({ contents, folder }: ModelPackage, file: string): pulumi.asset.Asset {
  const text = contents?.[file];
  return text === undefined
    ? new pulumi.asset.FileAsset(path.join(folder, file))
    : new pulumi.asset.StringAsset(text);
}
