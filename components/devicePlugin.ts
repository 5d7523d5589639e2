import { DaemonSet } from "@pulumi/kubernetes/apps/v1";
import { Namespace } from "@pulumi/kubernetes/core/v1";
import type { core } from "@pulumi/kubernetes/types/input";
import * as pulumi from "@pulumi/pulumi";
import { poolLabel, spotTaint, taintKey } from "./acceleratorPool";

/** Namespace of the device plugins; the policy pack lets only its pods run as root. */
export const devicePluginNamespace = "device-plugins";

/** The one container that may be privileged, in the device plugins' namespace. */
export const driverInstallerName = "driver-installer";

/** Inputs of a DevicePlugin. */
export interface DevicePluginArgs {
  readonly accelerator: "gpu" | "fpga";
  /** Image of NVIDIA's or the FPGA's plugin. */
  readonly image: string;
  /** Whether the cards are split by MIG; the plugin then counts the parts as whole GPUs. */
  readonly mig: boolean;
  /** What installs the card's driver before the plugin starts; undefined where the nodes have it. */
  readonly driverInstallerImage: string | undefined;
}

const plugins = "/var/lib/kubelet/device-plugins";

/** Tells Kubernetes of the accelerators: our own DaemonSet, since Azure's example would run on every node. */
export class DevicePlugin extends pulumi.ComponentResource {
  readonly daemonSetName: pulumi.Output<string>;

  constructor(name: string, args: DevicePluginArgs, opts?: pulumi.ComponentResourceOptions) {
    super("accelerated-scoring:devicePlugin:DevicePlugin", name, {}, opts);
    const { accelerator, image, driverInstallerImage } = args;
    // Named for each child: a component does not hand it on.
    const child = { parent: this, deletedWith: opts?.deletedWith };
    const namespace = new Namespace(
      `${name}-namespace`,
      { metadata: { name: devicePluginNamespace } },
      child,
    );
    const labels = { "app.kubernetes.io/name": `${accelerator}-device-plugin` };
    const daemonSet = new DaemonSet(
      `${name}-plugin`,
      {
        metadata: {
          name: `${accelerator}-device-plugin`,
          namespace: namespace.metadata.name,
          labels,
        },
        spec: {
          selector: { matchLabels: labels },
          updateStrategy: { type: "RollingUpdate" },
          template: {
            metadata: { labels },
            spec: {
              nodeSelector: { [poolLabel]: accelerator },
              tolerations: [
                { key: taintKey, operator: "Equal", value: accelerator, effect: "NoSchedule" },
                { ...spotTaint, operator: "Equal", effect: "NoSchedule" },
              ],
              priorityClassName: "system-node-critical",
              automountServiceAccountToken: false,
              ...(driverInstallerImage === undefined
                ? {}
                : { hostPID: true, initContainers: [driverInstaller(driverInstallerImage)] }),
              containers: [pluginContainer(accelerator, image, args.mig)],
              volumes: [
                { name: "device-plugins", hostPath: { path: plugins } },
                ...(accelerator === "fpga" ? [{ name: "sys", hostPath: { path: "/sys" } }] : []),
                ...(driverInstallerImage === undefined
                  ? []
                  : [{ name: "host", hostPath: { path: "/" } }]),
              ],
            },
          },
        },
      },
      child,
    );
    this.daemonSetName = daemonSet.metadata.name;
    this.registerOutputs({ daemonSetName: this.daemonSetName });
  }
}

function pluginContainer(
  accelerator: "gpu" | "fpga",
  image: string,
  mig: boolean,
): core.v1.Container {
  return {
    name: "device-plugin",
    image,
    env:
      accelerator === "gpu"
        ? [
            { name: "FAIL_ON_INIT_ERROR", value: "false" },
            { name: "MIG_STRATEGY", value: mig ? "single" : "none" },
          ]
        : [],
    resources: {
      requests: { cpu: "50m", memory: "64M" },
      limits: { cpu: "200m", memory: "256M" },
    },
    // The kubelet's socket belongs to root.
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "device-plugins", mountPath: plugins },
      ...(accelerator === "fpga" ? [{ name: "sys", mountPath: "/sys", readOnly: true }] : []),
    ],
  };
}

/**
 * AKS installs no driver for FPGAs. The image's own command does, into the node's file system at `/host`, and ends with 0 where it is there
 * already; loading a kernel module takes all rights, which the policy pack grants to a container of this name alone.
 */
function driverInstaller(image: string): core.v1.Container {
  return {
    name: driverInstallerName,
    image,
    resources: {
      requests: { cpu: "100m", memory: "256M" },
      limits: { cpu: "2", memory: "2G" },
    },
    securityContext: { privileged: true, runAsUser: 0 },
    volumeMounts: [{ name: "host", mountPath: "/host" }],
  };
}
