import * as pulumi from "@pulumi/pulumi";
import { azure } from "./components/targets/azure";
import { existingCluster } from "./components/targets/existingCluster";
import { local } from "./components/targets/local";
import { loadSettings } from "./settings";

/** The program: settings, components, outputs. Exported as a function because Azure or the cluster is asked first. */
async function program() {
  const settings = loadSettings();
  for (const notice of settings.notices) await pulumi.log.warn(notice);
  if (settings.target === "kubernetes") return existingCluster(settings);
  if (settings.target === "azure" && settings.nodes) return azure(settings, settings.nodes);
  return local(settings);
}

export = program;
