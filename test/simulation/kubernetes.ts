import { kubernetesProblems } from "./kubernetesSchema";
import {
  requireAdmin,
  requireRunnable,
  restrictedProblems,
  templateProblems,
  workloadOf,
} from "./podRules";
import type { Created, SimulatedProvider, Subject } from "./provider";
import { unknownValue, type Problem } from "./schema";
import { Refusal, type Live, type Properties, type State } from "./state";

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Kinds that live in no namespace. */
const clusterWide = ["Namespace"];
const workloads = ["Deployment", "DaemonSet"];

/** The cluster that a kubeconfig without an AKS server names. */
const existing = "existing-cluster";

/** The API servers of all clusters, as the Kubernetes provider shows them. */
export class SimulatedKubernetes implements SimulatedProvider {
  private server = existing;

  constructor(private readonly state: State) {}

  configure({ kubeconfig }: Properties): void {
    if (typeof kubeconfig !== "string" || kubeconfig === unknownValue || kubeconfig === "") {
      this.server = existing;
      return;
    }
    const { clusters, users } = JSON.parse(kubeconfig) as {
      readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
      readonly users: readonly {
        readonly user: { readonly exec?: { readonly command: string } };
      }[];
    };
    if (users[0]?.user.exec?.command !== "kubelogin")
      throw new Refusal("the kubeconfig signs nobody in");
    this.server = clusters[0]?.cluster.server ?? "";
  }

  check(_subject: Subject, inputs: Properties) {
    const problems = [...kubernetesProblems(inputs), ...nameProblems(inputs)];
    if (problems.length === 0 && workloads.includes(String(inputs["kind"]))) {
      problems.push(...templateProblems(workloadOf(inputs)), ...rolloutProblems(inputs));
    }
    return { inputs, problems };
  }

  immutable(type: string): readonly string[] {
    const always = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
    if (type.endsWith(":Deployment") || type.endsWith(":DaemonSet"))
      return [...always, "spec.selector"];
    return type.endsWith(":Secret") ? [...always, "type"] : always;
  }

  // Names are fixed, so that two of one name cannot live side by side.
  deleteBeforeReplace(): boolean {
    return true;
  }

  create({ type }: Subject, inputs: Properties): Created {
    this.cluster();
    const id = idOf(inputs);
    if (this.find(type, id)) throw new Refusal(`${type} "${id}" already exists`);
    this.requireAll(inputs);
    const version = this.state.next();
    const outputs = this.shown(inputs, version, undefined);
    this.state.put({ type, id: this.key(type, id), inputs, outputs });
    return { id, outputs };
  }

  read({ type }: Subject, id: string): Properties | undefined {
    return this.find(type, id)?.outputs;
  }

  update({ type }: Subject, id: string, inputs: Properties): Properties {
    this.cluster();
    const live = this.find(type, id);
    if (!live) throw new Refusal(`${type} "${id}" not found`);
    this.requireAll(inputs);
    live.inputs = inputs;
    live.outputs = this.shown(inputs, this.state.next(), live.outputs);
    this.state.put(live);
    return live.outputs;
  }

  delete({ type }: Subject, id: string): void {
    this.cluster();
    if (type.endsWith(":Namespace")) {
      const left = [...this.state.live.values()].find(
        (other) => other.id.startsWith(this.server) && namespaceOf(other.inputs) === id,
      );
      if (left) throw new Refusal(`namespace "${id}" would take ${left.id} with it`);
    }
    this.state.remove(this.key(type, id));
  }

  /** @throws Refusal when the cluster has gone or lets the deployer in no more */
  private cluster(): Live | undefined {
    if (this.server === existing) return undefined;
    const cluster = this.state
      .all("containerservice:ManagedCluster")
      .find(({ outputs }) => this.server === `https://${String(outputs["fqdn"])}:443`);
    if (!cluster) throw new Refusal(`configured Kubernetes cluster is unreachable: ${this.server}`);
    requireAdmin(this.state, cluster);
    return cluster;
  }

  private key(type: string, id: string): string {
    return `${this.server} ${type} ${id}`;
  }

  private find(type: string, id: string): Live | undefined {
    return this.state.find(this.key(type, id));
  }

  private requireAll(inputs: Properties): void {
    const namespace = namespaceOf(inputs);
    const exists = (kind: string, name: string) =>
      this.find(
        `kubernetes:core/v1:${kind}`,
        kind === "Namespace" ? name : `${namespace ?? "default"}/${name}`,
      );
    if (namespace !== undefined && !exists("Namespace", namespace)) {
      throw new Refusal(`namespaces "${namespace}" not found`);
    }
    if (!workloads.includes(String(inputs["kind"]))) return;
    const workload = workloadOf(inputs);
    const labels = (
      exists("Namespace", workload.namespace)?.inputs["metadata"] as Metadata | undefined
    )?.labels;
    const refused =
      labels?.["pod-security.kubernetes.io/enforce"] === "restricted"
        ? restrictedProblems(workload)
        : [];
    if (refused.length > 0)
      throw new Refusal(`violates PodSecurity "restricted:latest": ${refused.join(", ")}`);
    requireRunnable(this.state, this.cluster(), workload, exists);
  }

  private shown(inputs: Properties, version: number, before: Properties | undefined): Properties {
    const old = before?.["metadata"] as Properties | undefined;
    return {
      ...inputs,
      metadata: {
        ...(inputs["metadata"] as object),
        uid: old?.["uid"] ?? this.state.guid(),
        resourceVersion: String(version),
        generation: Number(old?.["generation"] ?? 0) + 1,
      },
      ...statusOf(inputs),
    };
  }
}

const metadataOf = (inputs: Properties) => inputs["metadata"] as Metadata;

const namespaceOf = (inputs: Properties) =>
  clusterWide.includes(String(inputs["kind"])) ? undefined : metadataOf(inputs)?.namespace;

const idOf = (inputs: Properties) =>
  clusterWide.includes(String(inputs["kind"]))
    ? metadataOf(inputs).name
    : `${metadataOf(inputs).namespace ?? "default"}/${metadataOf(inputs).name}`;

/** Status of an object that has become ready; node ports as a NodePort service gets them. */
function statusOf(inputs: Properties): Properties {
  const spec = (inputs["spec"] ?? {}) as Properties;
  if (inputs["kind"] === "Deployment") {
    const replicas = spec["replicas"] ?? 1;
    return { status: { replicas, readyReplicas: replicas, availableReplicas: replicas } };
  }
  if (inputs["kind"] !== "Service") return {};
  const ports = (spec["ports"] as readonly Properties[]).map((port, index) => ({
    ...port,
    nodePort: 30100 + index,
  }));
  return {
    spec: { ...spec, ports },
    status:
      spec["type"] === "LoadBalancer"
        ? { loadBalancer: { ingress: [{ ip: "203.0.113.9" }] } }
        : { loadBalancer: {} },
  };
}

function nameProblems(inputs: Properties): Problem[] {
  const { name, labels } = (metadataOf(inputs) ?? {}) as Partial<Metadata>;
  const problems: Problem[] = [];
  // The program names everything; a generated name would differ in every stack.
  if (name === undefined) problems.push({ path: "metadata.name", reason: "Required value" });
  else if (name !== unknownValue && !/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(name)) {
    problems.push({ path: "metadata.name", reason: `${name} is no RFC 1123 name` });
  }
  for (const [label, value] of Object.entries(labels ?? {})) {
    if (!/^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/.test(value) && value !== unknownValue) {
      problems.push({ path: `metadata.labels.${label}`, reason: `${value} is no label value` });
    }
  }
  return problems;
}

function rolloutProblems(inputs: Properties): Problem[] {
  const { strategy } = inputs["spec"] as {
    readonly strategy?: {
      readonly rollingUpdate?: { readonly maxSurge?: unknown; readonly maxUnavailable?: unknown };
    };
  };
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {};
  return maxSurge === 0 && maxUnavailable === 0
    ? [
        {
          path: "spec.strategy.rollingUpdate.maxUnavailable",
          reason: "may not be 0 when `maxSurge` is 0",
        },
      ]
    : [];
}
