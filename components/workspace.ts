import * as applicationinsights from "@pulumi/azure-native/applicationinsights";
import * as keyvault from "@pulumi/azure-native/keyvault";
import * as ml from "@pulumi/azure-native/machinelearningservices";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import type { Foundation } from "./foundation";
import { grant, type Deployer } from "./roles";
import type { Tags } from "./tags";

/** Inputs of a Workspace. */
export interface WorkspaceArgs {
  readonly foundation: Foundation;
  readonly deployer: Deployer;
  /** ARM id of our own registry: without one Azure ML would make its own, with the admin user on. */
  readonly registryId: pulumi.Input<string>;
  readonly tags: Tags;
  readonly protectData: boolean;
  /** Days that logs are kept, 30 to 730. */
  readonly logRetentionDays: number;
}

/**
 * The Azure ML workspace with everything it depends on, on an identity of ours. The cluster is not attached as its
 * compute: Azure ML's pods tolerate no taint of ours and its extension conflicts with disabled local accounts.
 */
export class Workspace extends pulumi.ComponentResource {
  readonly workspaceName: pulumi.Output<string>;
  readonly storageAccount: pulumi.Output<string>;
  readonly keyVault: pulumi.Output<string>;
  readonly insightsConnection: pulumi.Output<string>;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:workspace:Workspace", name, {}, opts);
    const { foundation, deployer, registryId, tags, protectData, logRetentionDays } = args;
    const resourceGroupName = foundation.resourceGroup;
    const common = { resourceGroupName, location: foundation.location, tags };
    const child = { parent: this, protect: protectData };

    const account = new storage.StorageAccount(
      `${name}-storage`,
      {
        ...common,
        accountName: foundation.named("storageAccount"),
        kind: "StorageV2",
        sku: { name: "Standard_LRS" },
        allowBlobPublicAccess: false,
        // azure-native's Blob uploads with the account key (pulumi-azure-native #2015); see registeredModel.ts.
        allowSharedKeyAccess: true,
        defaultToOAuthAuthentication: true,
        enableHttpsTrafficOnly: true,
        isHnsEnabled: false,
        minimumTlsVersion: "TLS1_2",
      },
      child,
    );
    const vault = new keyvault.Vault(
      `${name}-vault`,
      {
        ...common,
        vaultName: foundation.named("keyVault"),
        properties: {
          tenantId: deployer.tenantId,
          sku: { family: "A", name: "standard" },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: protectData ? 90 : 7,
          // Once on it can never go off, and a vault that cannot be purged keeps its name for the whole retention.
          ...(protectData ? { enablePurgeProtection: true } : {}),
        },
      },
      // Azure changes neither once the vault is there, so that a later change of protectData must not ask for it.
      {
        ...child,
        ignoreChanges: ["properties.softDeleteRetentionInDays", "properties.enablePurgeProtection"],
      },
    );
    const logs = new operationalinsights.Workspace(
      `${name}-logs`,
      {
        ...common,
        workspaceName: foundation.named("logs"),
        sku: { name: "PerGB2018" },
        retentionInDays: logRetentionDays,
      },
      child,
    );
    const insights = new applicationinsights.Component(
      `${name}-insights`,
      {
        ...common,
        resourceName: foundation.named("insights"),
        kind: "web",
        applicationType: "web",
        ingestionMode: "LogAnalytics",
        workspaceResourceId: logs.id,
      },
      // Whoever has them may write telemetry; azure-native would keep them in clear text in the state.
      { ...child, additionalSecretOutputs: ["connectionString", "instrumentationKey"] },
    );
    const identity = new managedidentity.UserAssignedIdentity(
      `${name}-identity`,
      { ...common, resourceName: foundation.named("workspaceIdentity") },
      { parent: this },
    );

    const owner = { id: identity.principalId, type: "ServicePrincipal" } as const;
    const allow = (role: Parameters<typeof grant>[1], what: string, scope: pulumi.Input<string>) =>
      grant(`${name}-${what}`, role, owner, scope, deployer.subscriptionId, {
        parent: this,
      });
    const grants = [
      allow("contributor", "storage-contributor", account.id),
      allow("blobDataContributor", "storage-data", account.id),
      allow("contributor", "vault-contributor", vault.id),
      allow("keyVaultAdministrator", "vault-data", vault.id),
      allow("contributor", "insights-contributor", insights.id),
      allow("contributor", "registry-contributor", registryId),
    ];

    const workspace = new ml.Workspace(
      `${name}-workspace`,
      {
        ...common,
        workspaceName: foundation.named("workspace"),
        kind: "Default",
        sku: { name: "Basic", tier: "Basic" },
        identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
        primaryUserAssignedIdentity: identity.id,
        storageAccount: account.id,
        keyVault: vault.id,
        applicationInsights: insights.id,
        containerRegistry: registryId,
        systemDatastoresAuthMode: "Identity",
        publicNetworkAccess: "Enabled",
        v1LegacyMode: false,
      },
      {
        ...child,
        dependsOn: grants,
        customTimeouts: { create: "30m", update: "30m", delete: "30m" },
      },
    );
    allow("contributor", "workspace-contributor", workspace.id);

    this.workspaceName = workspace.name;
    this.storageAccount = account.name;
    this.keyVault = vault.name;
    this.insightsConnection = pulumi.secret(insights.connectionString);
    this.registerOutputs({
      workspaceName: this.workspaceName,
      storageAccount: this.storageAccount,
      keyVault: this.keyVault,
      insightsConnection: this.insightsConnection,
    });
  }
}
