import { imageFolder, modelsFolder } from "../../settings";
import type { Settings } from "../../settings/shape";
import { readModelPackage } from "../catalogue/models";
import { LocalScoringService } from "../localScoringService";

/** Runs the service on this machine. */
export function local(settings: Settings) {
  const model = readModelPackage(modelsFolder, settings.model);
  const service = new LocalScoringService("service", { settings, model, imageFolder });
  return {
    ...service.outputs(settings.serviceName),
    modelId: `${model.name}:${model.version}`,
  };
}
