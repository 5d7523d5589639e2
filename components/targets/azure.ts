import { imageFolder, modelsFolder } from "../../settings";
import { statedModel } from "../../settings/modelRules";
import type { NodeSettings, Settings } from "../../settings/shape";
import { AzureEnvironment } from "../azureEnvironment";
import { readDeployedModel } from "../catalogue/modelSources";
import { findVmSize } from "../catalogue/vmSizes";
import { apiRanges } from "../deployerAddress";
import { requireKubelogin } from "../kubeconfig";
import { ScoringDeployment } from "../scoringDeployment";
import { preflight } from "../subscription";

/** Creates everything below the service on Azure, once the subscription has been asked whether it can hold it. */
export async function azure(settings: Settings, nodes: NodeSettings) {
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
