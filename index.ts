import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { AzureEnvironment, digestOf } from "./components/azureEnvironment";
import { readModelPackage } from "./components/catalogue/models";
import { readDeployedModel, servedModel } from "./components/catalogue/modelSources";
import { findVmSize } from "./components/catalogue/vmSizes";
import { apiRanges } from "./components/deployerAddress";
import { requireKubelogin } from "./components/kubeconfig";
import { LocalScoringService } from "./components/localScoringService";
import { ScoringDeployment } from "./components/scoringDeployment";
import { preflight } from "./components/subscription";
import { imageFolder, loadSettings, modelsFolder } from "./settings";
import { statedModel } from "./settings/modelRules";
import type { NodeSettings, Settings } from "./settings/shape";

/** Creates everything below the service on Azure, once the subscription has been asked whether it can hold it. */
async function azure(settings: Settings, nodes: NodeSettings) {
  requireKubelogin(settings.kubelogin);
  const system = findVmSize(settings.systemVmSize);
  await preflight(settings.location, [
    { size: nodes.size, count: nodes.maxCount },
    ...(system ? [{ size: system, count: settings.systemNodeCount }] : []),
  ]);
  const model = readDeployedModel(modelsFolder, settings.model, statedModel(settings));
  const environment = new AzureEnvironment("scoring", {
    settings,
    nodes,
    model,
    imageFolder,
    authorizedIpRanges: await apiRanges(settings),
  });
  const { cluster, foundation, workspace, registeredModel } = environment;
  const deployment = new ScoringDeployment(
    "service",
    { settings, imageRef: environment.imageRef, suffix: foundation.suffix },
    {
      providers: [environment.provider],
      dependsOn: environment.ready,
      deletedWith: cluster.managedCluster,
    },
  );
  return {
    ...deployment.outputs,
    modelId: registeredModel.modelId,
    imageRef: environment.imageRef,
    imageDigest: environment.imageDigest,
    imageRunId: environment.imageRunId,
    imageLogAddress: environment.imageLogAddress,
    clusterName: cluster.clusterName,
    clusterState: cluster.clusterState,
    kubeconfig: cluster.kubeconfig,
    workspaceName: workspace.workspaceName,
    keyVaultName: workspace.keyVault,
    resourceGroup: foundation.resourceGroup,
    location: foundation.location,
    subscriptionId: environment.subscriptionId,
  };
}

/** Deploys the service to a cluster that exists. */
function existingCluster(settings: Settings) {
  const imageRef = settings["image.reference"] ?? "";
  const provider = new Provider("kubernetes", {
    enableServerSideApply: true,
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    ...(settings.kubeContext === undefined ? {} : { context: settings.kubeContext }),
  });
  const deployment = new ScoringDeployment(
    "service",
    { settings, imageRef, suffix: undefined },
    { providers: [provider] },
  );
  return {
    ...deployment.outputs,
    modelId: servedModel(readDeployedModel(modelsFolder, settings.model, statedModel(settings)))
      .name,
    imageRef,
    imageDigest: digestOf(imageRef),
    clusterName: settings.kubeContext ?? "current context",
  };
}

/** Runs the service on this machine. */
function local(settings: Settings) {
  const model = readModelPackage(modelsFolder, settings.model);
  const service = new LocalScoringService("service", { settings, model, imageFolder });
  return {
    ...service.outputs(settings.serviceName),
    modelId: `${model.name}:${model.version}`,
  };
}

/** The program: settings, components, outputs. Exported as a function because the subscription is asked first. */
async function program() {
  const settings = loadSettings();
  for (const notice of settings.notices) await pulumi.log.warn(notice);
  if (settings.target === "kubernetes") return existingCluster(settings);
  if (settings.target === "azure" && settings.nodes) return azure(settings, settings.nodes);
  return local(settings);
}

export = program;
