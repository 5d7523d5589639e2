import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/shape";
import { deviceOf } from "./device";

type Asked = Pick<
  Settings,
  "accelerator" | "fpga.resourceName" | "gpuCores" | "kubeContext" | "replicas"
>;

/** `kubectl get nodes -o json`, as far as it is read here. */
interface NodeList {
  readonly items: readonly {
    readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
  }[];
}

/**
 * Asks the nodes of a cluster that exists whether they can hold the service's GPUs or FPGAs, by what its device plugin
 * made allocatable. Answers with a warning, if any: where they hold fewer than all replicas of a GPU service, since the
 * cluster may grow, and where the cluster cannot be asked, since the deployment goes on as it would without the question.
 * @throws pulumi.RunError where no node can hold even one replica, or FPGAs are fewer than replicas: such nodes do not come by themselves
 */
export async function checkClusterAccelerators(settings: Asked): Promise<string | undefined> {
  const resource = deviceOf(settings)?.resourceName;
  if (resource === undefined) return undefined;
  const { gpuCores, kubeContext, replicas } = settings;
  const cluster = kubeContext ?? "current context";
  let perNode: readonly number[];
  try {
    perNode = await allocatable(resource, kubeContext);
  } catch (error) {
    return `Whether the cluster (${cluster}) offers ${resource} was not checked: ${reason(error)}`;
  }
  const room = perNode.reduce((sum, devices) => sum + Math.floor(devices / gpuCores), 0);
  if (room === 0) throw new pulumi.RunError(refusal(settings, resource, cluster, perNode));
  if (room < replicas && settings.accelerator === "fpga") {
    throw new pulumi.RunError(
      `replicas is ${replicas}, but the cluster (${cluster}) has room for ${room}: each takes ${gpuCores} ${resource}, and pods cannot share an FPGA. Mend it with: pulumi config set replicas ${room}`,
    );
  }
  return room < replicas
    ? `The nodes of the cluster (${cluster}) hold ${room} of ${replicas} replicas at ${gpuCores} ${resource} each: the others wait until a node is added`
    : undefined;
}

/** Devices of each node; 0 where its device plugin has named none. */
async function allocatable(resource: string, context: string | undefined): Promise<number[]> {
  const { stdout } = await promisify(execFile)(
    "kubectl",
    [
      ...(context === undefined ? [] : ["--context", context]),
      "get",
      "nodes",
      "--output=json",
      "--request-timeout=15s",
    ],
    // A kubeconfig may name a command that signs in, and such a command may wait for ever.
    { timeout: 30_000, maxBuffer: 2 ** 28, windowsHide: true },
  );
  const { items } = JSON.parse(stdout) as NodeList;
  return items.map(({ status }) => Number(status?.allocatable?.[resource] ?? 0));
}

function refusal(
  { accelerator, gpuCores }: Asked,
  resource: string,
  cluster: string,
  perNode: readonly number[],
): string {
  const most = Math.max(0, ...perNode);
  const found =
    most === 0
      ? `none of its nodes (${perNode.length}) offers ${resource}`
      : `each replica takes ${gpuCores} ${resource} (gpuCores), and no node offers more than ${most}`;
  const remedy =
    most === 0
      ? "Add such a node with its device plugin, name the cluster with: pulumi config set kubeContext CONTEXT, or run without: pulumi config set accelerator cpu"
      : `Take fewer with: pulumi config set gpuCores ${most}`;
  return `accelerator is ${accelerator}, but the cluster (${cluster}) cannot hold the service: ${found}. ${remedy}`;
}

/** The last line that kubectl wrote, which is the one that names the cause. */
function reason(error: unknown): string {
  const { code, killed, stderr } = error as Readonly<
    Partial<Record<"code" | "killed" | "stderr", unknown>>
  >;
  if (code === "ENOENT") return "kubectl cannot be found on PATH";
  if (killed === true) return "kubectl did not answer within 30 seconds";
  const said = typeof stderr === "string" ? stderr.trim().split("\n").at(-1) : undefined;
  return said || "kubectl's answer could not be read";
}
