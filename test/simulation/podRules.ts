import type { Problem } from "./schema";
import { Refusal, type Live, type Properties, type State } from "./state";
import { deployer, hasRole, sizes } from "./subscription";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  /** Of an init container: one that goes on beside the others. */
  readonly restartPolicy?: string;
  readonly lifecycle?: unknown;
  readonly livenessProbe?: unknown;
  readonly startupProbe?: unknown;
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly env?: readonly {
    readonly valueFrom?: {
      readonly secretKeyRef?: { readonly name: string; readonly key: string };
    };
  }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly securityContext?: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly runAsNonRoot?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
  };
}

interface PodSpec {
  readonly hostPID?: boolean;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly serviceAccountName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly value?: string }[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly hostPath?: unknown;
    readonly secret?: { readonly secretName: string };
  }[];
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly seccompProfile?: { readonly type?: string };
  };
}

/** Every container of a pod; names, ports and volumes are the whole pod's. */
const containersOf = ({ initContainers = [], containers }: PodSpec): readonly Container[] => [
  ...initContainers,
  ...containers,
];

/** A workload as the rules need it. */
export interface Workload {
  readonly namespace: string;
  readonly replicas: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
}

/** Reads a Deployment or a DaemonSet. */
export function workloadOf(object: Properties): Workload {
  const { spec, metadata } = object as {
    readonly metadata: { readonly namespace?: string };
    readonly spec: {
      readonly replicas?: number;
      readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
      readonly template: {
        readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
        readonly spec: PodSpec;
      };
    };
  };
  return {
    namespace: metadata.namespace ?? "default",
    replicas: spec.replicas ?? 1,
    labels: spec.template.metadata?.labels ?? {},
    selector: spec.selector.matchLabels ?? {},
    pod: spec.template.spec,
  };
}

/** What the API server refuses of a pod template though its schema allows it. */
export function templateProblems({ labels, selector, pod }: Workload): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: string, reason: string) => problems.push({ path, reason });
  for (const [name, value] of Object.entries(selector)) {
    if (labels[name] !== value)
      refuse("spec.template.metadata.labels", "`selector` does not match template `labels`");
  }
  const volumes = new Set(pod.volumes?.map(({ name }) => name));
  const names = new Set<string>();
  const taken = new Set<number>();
  for (const {
    name,
    lifecycle,
    livenessProbe,
    restartPolicy,
    startupProbe,
  } of pod.initContainers ?? []) {
    if (restartPolicy === "Always") continue;
    if (restartPolicy !== undefined)
      refuse(`initContainers[${name}].restartPolicy`, `Unsupported value: ${restartPolicy}`);
    if (lifecycle ?? livenessProbe ?? startupProbe)
      refuse(
        `initContainers[${name}]`,
        "may not be set for init containers without restartPolicy=Always",
      );
  }
  for (const { name, volumeMounts, ports } of containersOf(pod)) {
    if (names.has(name)) refuse("spec.template.spec.containers", `Duplicate value: ${name}`);
    names.add(name);
    for (const mount of volumeMounts ?? []) {
      if (!volumes.has(mount.name))
        refuse(`containers[${name}].volumeMounts`, `Not found: ${mount.name}`);
    }
    for (const port of ports ?? []) {
      // The API server only warns; the second process then fails to listen.
      if (taken.has(port.containerPort))
        refuse(`containers[${name}].ports`, `${port.containerPort} is another container's`);
      taken.add(port.containerPort);
      if (port.name && !/^(?=.*[a-z])[a-z0-9-]{1,15}$/.test(port.name))
        refuse(`containers[${name}].ports`, port.name);
    }
  }
  return problems;
}

/** What a namespace that enforces the `restricted` Pod Security Standard refuses. */
export function restrictedProblems({ pod }: Workload): string[] {
  const problems: string[] = [];
  if (pod.volumes?.some(({ hostPath }) => hostPath !== undefined))
    problems.push("hostPath volumes");
  if (pod.securityContext?.seccompProfile?.type !== "RuntimeDefault")
    problems.push("seccompProfile");
  if (pod.hostPID) problems.push("host namespaces");
  for (const { name, securityContext } of containersOf(pod)) {
    if (securityContext?.privileged) problems.push(`${name}: privileged`);
    if (securityContext?.allowPrivilegeEscalation !== false)
      problems.push(`${name}: allowPrivilegeEscalation != false`);
    if (!securityContext?.capabilities?.drop?.includes("ALL"))
      problems.push(`${name}: unrestricted capabilities`);
    if (!(securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot))
      problems.push(`${name}: runAsNonRoot != true`);
  }
  return problems;
}

/**
 * What keeps pods from ever running: objects they name, images they may not pull, nodes that are not there.
 * @param exists whether an object of a kind is in the pod's namespace
 * @throws Refusal with the reason that Kubernetes's events would give
 */
export function requireRunnable(
  state: State,
  cluster: Live | undefined,
  workload: Workload,
  exists: (kind: string, name: string) => Live | undefined,
): void {
  const { pod } = workload;
  const need = (kind: string, name: string) => {
    const found = exists(kind, name);
    if (!found) throw new Refusal(`pods cannot start: ${kind} "${name}" not found`);
    return found;
  };
  if (pod.serviceAccountName) need("ServiceAccount", pod.serviceAccountName);
  for (const { secret } of pod.volumes ?? []) if (secret) need("Secret", secret.secretName);
  for (const { envFrom, env, image } of containersOf(pod)) {
    for (const { configMapRef } of envFrom ?? [])
      if (configMapRef) need("ConfigMap", configMapRef.name);
    for (const { valueFrom } of env ?? []) {
      const ref = valueFrom?.secretKeyRef;
      if (!ref) continue;
      const { inputs } = need("Secret", ref.name);
      const keys = {
        ...(inputs["data"] as object | undefined),
        ...(inputs["stringData"] as object | undefined),
      };
      if (!(ref.key in keys))
        throw new Refusal(`pods cannot start: couldn't find key ${ref.key} in Secret ${ref.name}`);
    }
    requireImage(state, cluster, image);
  }
  if (cluster) requireNodes(state, cluster, workload);
}

function requireImage(state: State, cluster: Live | undefined, image: string): void {
  const server = image.slice(0, image.indexOf("/"));
  if (!server.endsWith(".azurecr.io")) return;
  const registry = state
    .all("containerregistry:Registry")
    .find(({ outputs }) => outputs["loginServer"] === server);
  if (!registry) throw new Refusal(`ImagePullBackOff: no registry ${server}`);
  const profile = cluster?.inputs["identityProfile"] as
    { readonly kubeletidentity: { readonly objectId: string } } | undefined;
  if (!hasRole(state, profile?.kubeletidentity.objectId, "acrPull", registry.id)) {
    throw new Refusal(`ImagePullBackOff: the kubelets may not pull from ${server}`);
  }
  const images = [...state.live.values()].flatMap(({ type, outputs }) => {
    if (type === "docker:index/image:Image") return [String(outputs["repoDigest"])];
    if (!type.endsWith(":TaskRun")) return [];
    const { outputImages } = outputs["runResult"] as {
      readonly outputImages: readonly { readonly digest: string }[];
    };
    return outputImages.map(({ digest }) => `${image.slice(0, image.indexOf("@"))}@${digest}`);
  });
  if (!images.includes(image)) throw new Refusal(`ImagePullBackOff: no image ${image}`);
}

/** Whether pools of the cluster with the pods' labels, which the pods tolerate, hold all accelerators that they ask for. */
function requireNodes(state: State, cluster: Live, { pod, replicas }: Workload): void {
  const wanted = Object.entries(pod.nodeSelector ?? {});
  const pools = state.all("containerservice:AgentPool").filter(({ id, inputs }) => {
    const labels = (inputs["nodeLabels"] ?? {}) as Readonly<Record<string, string>>;
    const taints = (inputs["nodeTaints"] ?? []) as readonly string[];
    return (
      id.toLowerCase().startsWith(`${cluster.id.toLowerCase()}/`) &&
      wanted.every(([name, value]) => labels[name] === value) &&
      taints.every((taint) =>
        pod.tolerations?.some(({ key, value }) => taint.startsWith(`${key}=${value}:`)),
      )
    );
  });
  if (pools.length === 0) {
    throw new Refusal(
      `0 nodes are available: none matches Pod's node affinity/selector and its tolerations`,
    );
  }
  const plugins = state.all("apps/v1:DaemonSet").length > 0;
  for (const name of new Set(
    containersOf(pod).flatMap(({ resources }) => Object.keys(resources?.limits ?? {})),
  )) {
    if (!name.includes("/")) continue;
    const perPod = containersOf(pod).reduce(
      (sum, { resources }) => sum + Number(resources?.limits?.[name] ?? 0),
      0,
    );
    const there = pools.reduce((sum, { inputs }) => {
      const { gpus = 0, fpgas = 0 } = sizes[String(inputs["vmSize"])] ?? {};
      const nodes = inputs["enableAutoScaling"] === true ? inputs["maxCount"] : inputs["count"];
      return sum + Number(nodes) * (name.startsWith("nvidia.com/") ? gpus : fpgas);
    }, 0);
    if (!plugins || perPod * replicas > there) {
      throw new Refusal(`0/${pools.length} nodes are available: Insufficient ${name}`);
    }
  }
}

/** @throws Refusal as a cluster with Azure RBAC answers who has no role on it */
export function requireAdmin(state: State, cluster: Live): void {
  if (!hasRole(state, deployer.objectId, "aksRbacClusterAdmin", cluster.id)) {
    throw new Refusal(
      `User "${deployer.objectId}" cannot patch resource: does not have access in Azure`,
    );
  }
}
