import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { modelsFolder } from "../../settings";
import { statedModel } from "../../settings/modelRules";
import type { Settings } from "../../settings/shape";
import { digestOf } from "../azureEnvironment";
import { readDeployedModel, servedModel } from "../catalogue/modelSources";
import { checkClusterAccelerators } from "../clusterAccelerators";
import { ScoringDeployment } from "../scoringDeployment";

/** Deploys the service to a cluster that exists, once its nodes have been asked for the accelerator. */
export async function existingCluster(settings: Settings) {
  const notice = await checkClusterAccelerators(settings);
  if (notice !== undefined) await pulumi.log.warn(notice);
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
