import type { Settings } from "../settings/shape";
import type { Device } from "./pod/podArgs";

/** The accelerators that each replica asks for by what the nodes' device plugin calls them; undefined on CPUs. */
export function deviceOf(
  settings: Pick<Settings, "accelerator" | "fpga.resourceName" | "gpuCores">,
): Device | undefined {
  const resourceName =
    settings.accelerator === "gpu" ? "nvidia.com/gpu" : settings["fpga.resourceName"];
  return settings.accelerator === "cpu" || resourceName === undefined
    ? undefined
    : { resourceName, count: settings.gpuCores };
}
