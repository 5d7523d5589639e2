import { poolLabel, taintKey } from "../../components/acceleratorPool";
import { secretSignature } from "../support/pulumiMocks";
import { runProgram } from "../support/program";
import type { KubernetesObject } from "./kubectl";

/** The objects that the program sends to Kubernetes for a stack, in its order. */
export async function manifests(
  stack: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<KubernetesObject[]> {
  const { registrations } = await runProgram(stack, overrides);
  return registrations
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => unwrap(inputs) as KubernetesObject);
}

/** Takes the engine's marks off secrets, as it does before it sends them. */
function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value) return unwrap((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

/** Puts objects into another namespace, so that stacks do not meet. */
export const inNamespace = (
  objects: readonly KubernetesObject[],
  namespace: string,
): KubernetesObject[] =>
  objects.map((object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      ...(object.kind === "Namespace" ? { name: namespace } : { namespace }),
    },
  }));

/** A node of our own pool as AKS and the device plugin would report it. */
export function node(
  name: string,
  accelerator: string,
  devices: Readonly<Record<string, string>>,
): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, [poolLabel]: accelerator },
      annotations: { "kwok.x-k8s.io/node": "fake" },
    } as KubernetesObject["metadata"],
    spec: {
      taints: [{ key: taintKey, value: accelerator, effect: "NoSchedule" }],
    },
    status: {
      capacity: { cpu: "4", memory: "28Gi", pods: "110", ...devices },
      allocatable: { cpu: "3860m", memory: "24Gi", pods: "110", ...devices },
    },
  };
}
